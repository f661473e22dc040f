/** Finds out what `from train import Main` gets: the rules `main-…`. */
import type { Binding } from '../python/flow';
import type { ModuleModel } from '../python/modules';
import { ancestry, memberOf, unknownClass } from '../python/classes';
import { isDynamic, type ClassModel, type FunctionModel, type Meaning, type Resolver } from '../python/resolve';
import { walk, type SyntaxNode } from '../python/syntaxNode';
import type { RawFinding } from '../rawFinding';
import { returnsOf } from './functionBody';
import { isNeutralClassDecorator } from './decorators';
import { errorOf, findingAt, type Subject } from './subject';

/** A class that `Main` may be. */
export interface Candidate {
  readonly cls: ClassModel;
  /** In train.py: the class's name, the imported name, the target of an assignment. */
  readonly binding: SyntaxNode;
}

export interface MainVerdict {
  readonly candidates: readonly Candidate[];
  readonly findings: readonly RawFinding[];
}

type Judgement = { readonly candidate: Candidate } | { readonly finding: RawFinding } | { readonly hint: RawFinding };

const missingMessage = 'A run imports Main from train.py; this package has no class Main.';
const start = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

export function judgeMain(subject: Subject): MainVerdict {
  const possible = subject.train.flow.names.get('Main');
  if (possible === undefined) return unboundMain(subject);
  const judged = possible.bindings.map((binding) => judgeBinding(binding, subject));
  const candidates = judged.flatMap((one) => ('candidate' in one ? [one.candidate] : []));
  const hints = judged.flatMap((one) => ('hint' in one ? [one.hint] : []));
  const errors = judged.flatMap((one) => ('finding' in one ? [one.finding] : []));
  if (candidates.length > 0) return { candidates, findings: hints };
  if (hints.length > 0) return { candidates, findings: hints };
  // A name that may not be bound at all is left alone: who knows which way the condition goes.
  return { candidates, findings: possible.unbound ? [] : errors.slice(0, 1) };
}

function unboundMain({ train, resolver }: Subject): MainVerdict {
  const dead = train.flow.dead.find(({ binding }) => binding.name === 'Main' && binding.kind !== 'deleted');
  const meaning = resolver.name('Main', train);
  if (meaning.kind === 'class') {
    const binding = starOf(train);
    return binding === undefined ? nothing : { candidates: [{ cls: meaning.cls, binding }], findings: [] };
  }
  if (dead !== undefined && meaning.kind !== 'unknown') {
    const message = 'A run imports train.py as a module; under this condition Main is never defined.';
    const spot = { module: train, node: dead.condition };
    return { candidates: [], findings: [findingAt(train, spot, undefined, errorOf('main-conditional', message))] };
  }
  if (meaning.kind !== 'missing' || isDynamic(train, 'Main')) return nothing;
  return { candidates: [], findings: [missing(train)] };
}

const nothing: MainVerdict = { candidates: [], findings: [] };

const missing = (train: ModuleModel): RawFinding => ({
  ...errorOf('main-missing', missingMessage),
  range: start,
  file: train.path,
});

function starOf(train: ModuleModel): SyntaxNode | undefined {
  let found: SyntaxNode | undefined;
  walk(train.root, (node) => {
    if (node.type === 'wildcard_import') found = node;
    return !/^(?:function_definition|class_definition)$/.test(node.type);
  });
  return found;
}

function judgeBinding(binding: Binding, subject: Subject): Judgement {
  const { train, resolver } = subject;
  const say = (code: string, message: string): Judgement => ({
    finding: findingAt(train, { module: train, node: binding.at }, undefined, errorOf(code, message)),
  });
  if (binding.kind === 'deleted') return say('main-rebound', 'A run imports Main from train.py; this line deletes it.');
  if (binding.kind === 'import' && binding.imported === undefined) {
    return say(reboundOr(train), 'A run builds Main with no arguments; here Main is a module.');
  }
  if (binding.kind === 'value' && binding.value !== undefined) {
    const instance = instanceOf(binding.value, subject);
    if (instance !== undefined) return say(reboundOr(train), `A run builds Main with no arguments; ${instance}`);
  }
  return judgeMeaning(resolver.binding(binding, train), binding, subject, say);
}

/** Rebound where a class of that name was there before. */
function reboundOr(train: ModuleModel): string {
  return hasClassMain(train) ? 'main-rebound' : 'main-not-class';
}

export function hasClassMain(train: ModuleModel): boolean {
  let found = false;
  walk(train.root, (node) => {
    if (node.type === 'class_definition') found ||= node.child('name')?.text === 'Main';
    return !found && !/^(?:function_definition|class_definition|expression_statement)$/.test(node.type);
  });
  return found;
}

function judgeMeaning(
  meaning: Meaning,
  binding: Binding,
  subject: Subject,
  say: (code: string, message: string) => Judgement,
): Judgement {
  const { train } = subject;
  switch (meaning.kind) {
    case 'class':
      return judgeClass({ cls: meaning.cls, binding: binding.at }, subject);
    case 'missing':
      return { finding: missing(train) };
    case 'function':
      return returnsNothing(meaning.fn)
        ? say(
            reboundOr(train),
            'A run builds Main and calls its methods; this Main is a function that returns nothing.',
          )
        : dynamic(train, binding);
    case 'module':
      return say(reboundOr(train), 'A run builds Main with no arguments; here Main is a module.');
    case 'value':
      return isNoClass(meaning.node)
        ? say(reboundOr(train), 'A run builds Main with no arguments; here Main becomes a value that is no class.')
        : dynamic(train, binding);
    default:
      return dynamic(train, binding);
  }
}

function judgeClass(candidate: Candidate, { train, resolver }: Subject): Judgement {
  const plain = candidate.cls.decorators.every((one) => isNeutralClassDecorator(one, candidate.cls.module, resolver));
  return plain ? { candidate } : dynamic(train, { at: candidate.binding });
}

function dynamic(train: ModuleModel, { at }: { readonly at: SyntaxNode }): Judgement {
  const message = "A run builds Main with no arguments; what Main is here can't be followed, so it is not checked.";
  return {
    hint: { code: 'main-dynamic', severity: 'hint', message, range: train.source.rangeOf(at), file: train.path },
  };
}

const noClass =
  /^(?:integer|float|string|concatenated_string|true|false|none|ellipsis|list|tuple|expression_list|dictionary|set|list_comprehension|dictionary_comprehension|set_comprehension|generator_expression|comparison_operator|not_operator)$/;

export const isNoClass = (node: SyntaxNode): boolean => noClass.test(node.type);

function returnsNothing(fn: FunctionModel): boolean {
  if (fn.node.type !== 'function_definition' || fn.decorators.length > 0) return false;
  const returned = returnsOf(fn.node);
  return returned.every((value) => isNoClass(value));
}

/** `Main = Main()`: an instance of a class that can't be called in turn. */
function instanceOf(value: SyntaxNode, { train, resolver }: Subject): string | undefined {
  const callee = value.type === 'call' ? value.child('function') : undefined;
  if (callee?.type !== 'identifier') return undefined;
  const cls = calledClass(callee.text, train, resolver);
  if (cls === undefined || cls.decorators.length > 0) return undefined;
  if (ancestry(cls, resolver).includes(unknownClass) || hasMetaclass(cls)) return undefined;
  if (memberOf(cls, '__call__', resolver).kind !== 'absent') return undefined;
  return memberOf(cls, '__new__', resolver).kind === 'absent'
    ? `here Main is already an instance of ${cls.name}.`
    : undefined;
}

function calledClass(name: string, train: ModuleModel, resolver: Resolver): ClassModel | undefined {
  if (name !== 'Main') {
    const meaning = resolver.name(name, train);
    return meaning.kind === 'class' ? meaning.cls : undefined;
  }
  const node = train.root.children
    .filter((one) => one.type === 'class_definition' && one.textOf('name') === name)
    .at(-1);
  return node && { module: train, node, name, decorators: [] };
}

const hasMetaclass = (cls: ClassModel): boolean =>
  cls.node.child('superclasses')?.parts.some((part) => part.type === 'keyword_argument') ?? false;
