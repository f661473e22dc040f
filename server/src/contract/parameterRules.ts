/** `parameter-typo`, `parameter-alias`, `parameter-text`: what code reads from the environment of a run. */
import { saveDataAlias, saveTrainingData } from '../../../runner/src/domain/parameters';
import { factsOf } from '../python/facts';
import { positional, type Scope, type Value, type Values } from '../python/values';
import type { SyntaxNode } from '../python/syntaxNode';
import type { ClassModel } from '../python/resolve';
import type { RawFinding } from '../rawFinding';
import { isDead } from './liveCode';
import { similarName } from './similarName';
import { findingAt, warningOf, type Saying, type Subject } from './subject';

export function parameterRules(
  subject: Subject,
  values: Values,
  parameterNames: readonly string[],
  main: ClassModel | undefined,
): RawFinding[] {
  const { train } = subject;
  const facts = factsOf(train.root);
  if (facts.environment.length === 0) return [];
  const reads = facts.environment.flatMap((node) => readOf(node, values, { module: train }) ?? []);
  const own = new Set(reads.filter((read) => read.sets).map((read) => read.key));
  const live = (node: SyntaxNode): boolean => !isDead(node, train.name);
  const say = (node: SyntaxNode, saying: Saying): RawFinding =>
    findingAt(train, { module: train, node }, undefined, saying);
  const keys = reads
    .filter((read) => !own.has(read.key) && live(read.node))
    .flatMap((read) => keyFinding(read, parameterNames, say) ?? []);
  const comparisons = facts.comparisons.filter(live).flatMap((node) => {
    const scope: Scope = { module: train, cls: classAround(node, main) };
    const message = comparisonProblem(node, values, scope);
    return message === undefined ? [] : [say(node, warningOf('parameter-text', `Parameters are strings; ${message}.`))];
  });
  return [...keys, ...comparisons, ...truthTests(subject, values, live, say)];
}

/** `if os.environ['save_training_data']:` always holds: the text "false" is true. */
function truthTests(
  { train }: Subject,
  values: Values,
  live: (node: SyntaxNode) => boolean,
  say: (node: SyntaxNode, saying: Saying) => RawFinding,
): RawFinding[] {
  const reads = factsOf(train.root).environment.filter((node) => node.type !== 'comparison_operator' && isTested(node));
  return reads.filter(live).flatMap((node) => {
    const read = readOf(node, values, { module: train });
    if (read === undefined || ![saveTrainingData, saveDataAlias].includes(read.key)) return [];
    return [say(node, warningOf('parameter-text', 'Parameters are strings; this is true for "false" too.'))];
  });
}

/** Stands where only its truth counts. */
function isTested(node: SyntaxNode): boolean {
  const { parent } = node;
  if (node.field === 'condition' || parent?.type === 'not_operator') return true;
  if (parent?.type === 'argument_list') return parent.parent?.textOf('function') === 'bool';
  return parent?.type === 'boolean_operator' && isTested(parent);
}

const classAround = (node: SyntaxNode, main: ClassModel | undefined): ClassModel | undefined =>
  main !== undefined && node.around('class_definition') === main.node ? main : undefined;

export interface Read {
  /** The expression of the key. */
  readonly node: SyntaxNode;
  readonly key: string;
  /** True where the code itself gives the variable its value. */
  readonly sets: boolean;
}

const getters = new Set(['os.environ.get', 'os.getenv', 'os.environ.pop', 'os.environ.setdefault']);

export function readOf(node: SyntaxNode, values: Values, scope: Scope): Read | undefined {
  const key = keyNode(node, values, scope);
  const text = values.text(key, scope);
  if (key === undefined || text === undefined) return undefined;
  const sets =
    (node.field === 'left' && node.parent?.type === 'assignment') || node.textOf('function').endsWith('setdefault');
  return { node: key, key: text, sets };
}

function keyNode(node: SyntaxNode, values: Values, { module }: Scope): SyntaxNode | undefined {
  switch (node.type) {
    case 'subscript':
      return values.nameOf(node.child('value'), module) === 'os.environ' ? node.child('subscript') : undefined;
    case 'call':
      return getters.has(values.nameOf(node.child('function'), module)) ? positional(node)[0] : undefined;
    default:
      return containsKey(node, values, module);
  }
}

function containsKey(node: SyntaxNode, values: Values, module: Scope['module']): SyntaxNode | undefined {
  const [left, right] = node.parts;
  const within = /^(?:not )?in$/.test(node.child('operators')?.text ?? '');
  return within && values.nameOf(right, module) === 'os.environ' ? left : undefined;
}

function keyFinding(
  read: Read,
  known: readonly string[],
  say: (node: SyntaxNode, saying: Saying) => RawFinding,
): RawFinding | undefined {
  if (known.includes(read.key)) return undefined;
  if (read.key === saveDataAlias) {
    const message = `${saveDataAlias} is an old name and not set in a run; ${saveTrainingData} is.`;
    return say(read.node, warningOf('parameter-alias', message, { replacement: saveTrainingData, name: read.key }));
  }
  const meant = similarName(read.key, known);
  if (meant === undefined) return undefined;
  const message = `${read.key} is not set in a run; ${meant} is.`;
  return say(read.node, warningOf('parameter-typo', message, { replacement: meant, name: read.key }));
}

/** What comes of comparing a parameter with a number or a boolean; undefined where that is not what happens. */
function comparisonProblem(node: SyntaxNode, values: Values, scope: Scope): string | undefined {
  const [left, right, ...more] = node.parts;
  const operator = (node.child('operators')?.text ?? '').replace(/\s+/g, ' ');
  if (left === undefined || right === undefined || more.length > 0) return undefined;
  const other = otherSide(values, scope, left, right);
  if (other === undefined) return undefined;
  const shown = other.text.length > 20 ? 'this value' : other.text;
  return `this comparison with ${shown} ${outcomes[operator] ?? 'fails'}`;
}

const outcomes: Readonly<Record<string, string>> = {
  '==': 'is never true',
  is: 'is never true',
  in: 'is never true',
  '!=': 'is always true',
  'is not': 'is always true',
  'not in': 'is always true',
};

/** The side that is no text, where the other one is a parameter. */
function otherSide(values: Values, scope: Scope, left: SyntaxNode, right: SyntaxNode): SyntaxNode | undefined {
  if (isNumberLike(right, values, scope) && isParameter(left, values, scope)) return right;
  return isNumberLike(left, values, scope) && isParameter(right, values, scope) ? left : undefined;
}

function isNumberLike(node: SyntaxNode, values: Values, scope: Scope): boolean {
  if (/^(?:list|tuple|set)$/.test(node.type)) {
    return node.parts.length > 0 && node.parts.every((part) => isNumber(values.of(part, scope)));
  }
  return isNumber(values.of(node, scope));
}

const isNumber = (value: Value): boolean => value.kind === 'number' || value.kind === 'boolean';

function isParameter(node: SyntaxNode, values: Values, scope: Scope): boolean {
  return values.of(node, scope).kind === 'parameter';
}
