/** What a statement holds that checks look for everywhere in a file: found once, kept as long as the statement is. */
import { walk, type SyntaxNode } from './syntaxNode';

export interface Facts {
  readonly imports: readonly SyntaxNode[];
  /** Reads of `environ` and `getenv` by the look of them. */
  readonly environment: readonly SyntaxNode[];
  readonly comparisons: readonly SyntaxNode[];
  /** Strings whose text starts like an absolute path. */
  readonly absolutePaths: readonly SyntaxNode[];
  /** `sys.path.append(…)` and other changes of it. */
  readonly searchPath: readonly SyntaxNode[];
}

const known = new WeakMap<SyntaxNode, Facts>();

export function factsOf(root: SyntaxNode): Facts {
  const all = root.children.map(factsOfStatement);
  return {
    imports: all.flatMap((one) => one.imports),
    environment: all.flatMap((one) => one.environment),
    comparisons: all.flatMap((one) => one.comparisons),
    absolutePaths: all.flatMap((one) => one.absolutePaths),
    searchPath: all.flatMap((one) => one.searchPath),
  };
}

interface Collected {
  imports: SyntaxNode[];
  environment: SyntaxNode[];
  comparisons: SyntaxNode[];
  absolutePaths: SyntaxNode[];
  searchPath: SyntaxNode[];
}

function factsOfStatement(statement: SyntaxNode): Facts {
  const before = known.get(statement);
  if (before !== undefined) return before;
  const facts: Collected = { imports: [], environment: [], comparisons: [], absolutePaths: [], searchPath: [] };
  walk(statement, (node) => collect(node, facts));
  known.set(statement, facts);
  return facts;
}

function collect(node: SyntaxNode, facts: Collected): void {
  if (/^import_(?:from_)?statement$/.test(node.type)) facts.imports.push(node);
  else if (node.type === 'string' && looksAbsolute.test(node.text)) facts.absolutePaths.push(node);
  else if (node.type === 'comparison_operator') facts.comparisons.push(node);
  else if (/^(?:call|assignment|augmented_assignment)$/.test(node.type)) collectCall(node, facts);
  if (mayReadEnvironment(node)) facts.environment.push(node);
}

function mayReadEnvironment(node: SyntaxNode): boolean {
  if (node.type === 'subscript') return /\benviron\b|^_?env$/i.test(node.textOf('value'));
  return node.type === 'comparison_operator' && /\benviron\b|\benv$/i.test(node.text);
}

function collectCall(node: SyntaxNode, facts: Collected): void {
  const target = node.textOf(node.type === 'call' ? 'function' : 'left');
  if (/\bsys\.path\b|\bsite\.addsitedir\b/.test(target)) facts.searchPath.push(node);
  if (node.type === 'call' && /environ\b|getenv$|^_?env\.get$/i.test(target)) facts.environment.push(node);
}

const looksAbsolute = /^[a-zA-Z]{0,2}(?:"""|'''|"|')(?:\/|[A-Za-z]:[\\/]|file:\/\/)/;
