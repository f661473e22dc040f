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
const ofRoots = new WeakMap<SyntaxNode, Facts>();

export function factsOf(root: SyntaxNode): Facts {
  const before = ofRoots.get(root);
  if (before !== undefined) return before;
  const facts = emptyFacts();
  for (const statement of root.children) merge(facts, factsOfStatement(statement));
  ofRoots.set(root, facts);
  return facts;
}

const emptyFacts = (): Collected => ({
  imports: [],
  environment: [],
  comparisons: [],
  absolutePaths: [],
  searchPath: [],
});

function merge(into: Collected, from: Facts): void {
  into.imports.push(...from.imports);
  into.environment.push(...from.environment);
  into.comparisons.push(...from.comparisons);
  into.absolutePaths.push(...from.absolutePaths);
  into.searchPath.push(...from.searchPath);
}

interface Collected {
  imports: SyntaxNode[];
  environment: SyntaxNode[];
  comparisons: SyntaxNode[];
  absolutePaths: SyntaxNode[];
  searchPath: SyntaxNode[];
}

/** Shorter statements are not worth a memory of their own. */
const memorable = 200;

function factsOfStatement(statement: SyntaxNode): Facts {
  const before = known.get(statement);
  if (before !== undefined) return before;
  const facts = emptyFacts();
  walk(statement, (node) => {
    if (node !== statement && node.length > memorable && node.parent?.type === 'block') {
      merge(facts, factsOfStatement(node));
      return false;
    }
    collect(node, facts);
    return true;
  });
  known.set(statement, facts);
  return facts;
}

function collect(node: SyntaxNode, facts: Collected): void {
  if (/^import_(?:from_)?statement$/.test(node.type)) facts.imports.push(node);
  else if (node.type === 'string' && looksAbsolute.test(node.text)) facts.absolutePaths.push(node);
  else if (node.type === 'comparison_operator') collectComparison(node, facts);
  else if (/^(?:call|assignment|augmented_assignment)$/.test(node.type)) collectCall(node, facts);
  if (mayReadEnvironment(node)) facts.environment.push(node);
}

/** Of a literal, or a constant by its name, with something that is none. */
function collectComparison(node: SyntaxNode, facts: Collected): void {
  const [left, right] = node.parts;
  if (left === undefined || right === undefined) return;
  if ((isPlainValue(left) && isVariable(right)) || (isPlainValue(right) && isVariable(left)))
    facts.comparisons.push(node);
}

const isPlainValue = (node: SyntaxNode): boolean =>
  /^(?:integer|float|true|false|unary_operator|list|tuple|set)$/.test(node.type) ||
  (node.type === 'identifier' && /^[A-Z_\d]+$/.test(node.text));

const isVariable = (node: SyntaxNode): boolean => /^(?:identifier|attribute|subscript|call)$/.test(node.type);

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
