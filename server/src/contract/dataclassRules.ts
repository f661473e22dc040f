/** The constructor that `@dataclass` writes: fields without a value become arguments that a run does not pass. */
import { ancestry, bodyFlow, memberOf, unknownClass } from '../python/classes';
import type { ClassModel, Resolver } from '../python/resolve';
import type { SyntaxNode } from '../python/syntaxNode';
import type { Spot } from './subject';

/** The first such field, or undefined. */
export function dataclassFieldWithoutDefault(cls: ClassModel, resolver: Resolver): Spot | undefined {
  const line = ancestry(cls, resolver);
  if (line.includes(unknownClass) || !isDataclass(cls, resolver)) return undefined;
  if (bodyFlow(cls).names.has('__init__') || memberOf(cls, '__new__', resolver).kind !== 'absent') return undefined;
  const given = new Set<string>();
  for (const one of line) {
    if (one === unknownClass) continue;
    const own = isDataclass(one, resolver) ? fieldsOf(one) : [];
    const open = own.find((field) => !field.hasValue && !given.has(field.node.text));
    if (open !== undefined) return { module: one.module, node: open.node };
    for (const name of bodyFlow(one).names.keys()) given.add(name);
  }
  return undefined;
}

function isDataclass(cls: ClassModel, resolver: Resolver): boolean {
  return cls.decorators.some((node) => {
    const meaning = resolver.expression(node.type === 'call' ? node.child('function') : node, cls.module);
    const off = node.type === 'call' && /\binit\s*=\s*False\b/.test(node.text);
    return meaning.kind === 'outside' && meaning.what === 'dataclasses.dataclass' && !off;
  });
}

interface Field {
  readonly node: SyntaxNode;
  readonly hasValue: boolean;
}

function fieldsOf(cls: ClassModel): Field[] {
  return (cls.node.child('body')?.children ?? []).flatMap(fieldOf);
}

function fieldOf(statement: SyntaxNode): Field[] {
  const assignment = statement.type === 'expression_statement' ? statement.firstOf('assignment') : undefined;
  const node = assignment?.child('left');
  if (assignment === undefined || node?.type !== 'identifier') return [];
  const type = assignment.textOf('type');
  if (type === '' || /\bClassVar\b|\bKW_ONLY\b/.test(type)) return [];
  return [{ node, hasValue: hasValue(assignment.child('right')) }];
}

function hasValue(value: SyntaxNode | undefined): boolean {
  if (value === undefined) return false;
  const isField = value.type === 'call' && /^(?:dataclasses\.)?field$/.test(value.child('function')?.text ?? '');
  // Anything with an argument that is not known leaves the benefit of the doubt.
  return !isField || /\bdefault|\binit\s*=\s*False|\*/.test(value.text);
}
