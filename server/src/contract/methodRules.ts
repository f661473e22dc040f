/** The methods that a run calls: are they there, and can they be called as it calls them? */
import {
  addsMembers,
  ancestry,
  bodyFlow,
  hasOddMetaclass,
  instanceAttributes,
  isAbstract,
  memberOf,
  unknownClass,
} from '../python/classes';
import type { Binding } from '../python/flow';
import type { ClassModel, FunctionModel, Meaning, Resolver } from '../python/resolve';
import { misfit, parametersOf, type Misfit } from '../python/signature';
import type { SyntaxNode } from '../python/syntaxNode';
import type { RawFinding } from '../rawFinding';
import { dataclassFieldWithoutDefault } from './dataclassRules';
import { effectOf, type Effect } from './decorators';
import { isAsync, isGenerator, returnsOf } from './functionBody';
import { isNoClass, type Candidate } from './mainBinding';
import { errorOf, findingAt, listed, type Saying, type Spot, type Subject } from './subject';

type MethodName = 'train' | 'save' | '__init__';

interface Role {
  readonly name: MethodName;
  /** Arguments that a run passes, `self` not counted. */
  readonly given: 0 | 1;
  readonly signatureCode: string;
  /** What a run does with it. */
  readonly act: string;
}

const roles: readonly Role[] = [
  { name: '__init__', given: 0, signatureCode: 'init-signature', act: 'A run builds Main with no arguments' },
  {
    name: 'train',
    given: 1,
    signatureCode: 'train-signature',
    act: "A run calls train with one argument, the dataset's path",
  },
  { name: 'save', given: 0, signatureCode: 'save-signature', act: 'A run calls save with no arguments' },
];

export function judgeMethods(candidate: Candidate, subject: Subject): RawFinding[] {
  const judge = new MethodJudge(candidate, subject);
  return [...roles.flatMap((role) => judge.role(role)), ...judge.construction()];
}

interface Decorated {
  fn: FunctionModel;
  style: 'instance' | 'static' | 'class' | 'property';
  /** True where another function's body runs around it, or instead of it. */
  wrapped: boolean;
}

function apply(effect: Effect, result: Decorated): void {
  switch (effect.kind) {
    case 'static':
    case 'class':
    case 'property':
      result.style = effect.kind;
      break;
    case 'replaced':
      result.fn = effect.fn;
      result.wrapped = true;
      break;
    case 'wrapped':
      result.wrapped = true;
      break;
    default:
  }
}

class MethodJudge {
  private readonly cls: ClassModel;
  private readonly resolver: Resolver;
  constructor(
    private readonly candidate: Candidate,
    private readonly subject: Subject,
  ) {
    this.cls = candidate.cls;
    this.resolver = subject.resolver;
  }

  role(role: Role): RawFinding[] {
    const member = memberOf(this.cls, role.name, this.resolver);
    if (member.kind === 'unknown' || this.isReplacedOnInstances(role.name) || this.isAdjusted(role)) return [];
    if (member.kind === 'absent') return this.missing(role);
    return this.member(role, member.owner, member.binding);
  }

  /** The defaults of functions can be changed afterwards; a metaclass may hand on arguments of its own. */
  private isAdjusted(role: Role): boolean {
    if (/__(?:kw)?defaults__/.test(this.cls.module.file.text)) return true;
    return role.name === '__init__' && hasOddMetaclass(this.cls, this.resolver);
  }

  private isReplacedOnInstances(name: string): boolean {
    return ancestry(this.cls, this.resolver).some((one) => one !== unknownClass && instanceAttributes(one).has(name));
  }

  private missing(role: Role): RawFinding[] {
    if (role.name === '__init__' || addsMembers(this.cls, role.name, this.resolver)) return [];
    const message =
      role.name === 'train'
        ? "A run calls train with the dataset's path; Main has no train(self, data_directory)."
        : 'A run calls save after train to keep the model; Main has no save(self).';
    return [this.say(this.classSpot(), errorOf(`${role.name}-missing`, message))];
  }

  /** The class's name where it is Main's own definition, else the place where Main is bound. */
  private classSpot(): Spot {
    const own = this.cls.node.child('name');
    const { binding } = this.candidate;
    const { train } = this.subject;
    if (own === undefined || own === binding || this.cls.module.path === train.path)
      return { module: train, node: binding };
    return { module: this.cls.module, node: own };
  }

  private say(spot: Spot, saying: Saying): RawFinding {
    return findingAt(this.subject.train, spot, this.candidate.binding, saying);
  }

  private member(role: Role, owner: ClassModel, binding: Binding): RawFinding[] {
    const meaning = this.meaning(binding, owner);
    if (meaning.kind === 'function') return this.method(role, meaning.fn);
    const wrapped = meaning.kind === 'value' ? this.wrapped(meaning.node, owner) : undefined;
    if (wrapped !== undefined) return this.method(role, wrapped);
    if (meaning.kind !== 'value' || !isNoClass(meaning.node)) return [];
    const message = `${role.act}; here ${role.name} is a value that can't be called.`;
    return [this.say({ module: owner.module, node: binding.at }, errorOf(role.signatureCode, message))];
  }

  private meaning(binding: Binding, owner: ClassModel): Meaning {
    const value = binding.kind === 'value' ? binding.value : undefined;
    const sibling = value?.type === 'identifier' ? bodyFlow(owner).names.get(value.text) : undefined;
    const [only, ...others] = sibling?.bindings ?? [];
    if (only?.kind === 'function' && others.length === 0) return this.resolver.binding(only, owner.module);
    return this.resolver.binding(binding, owner.module);
  }

  /** `train = staticmethod(fit)`. */
  private wrapped(node: SyntaxNode, owner: ClassModel): FunctionModel | undefined {
    const callee = node.type === 'call' ? node.child('function') : undefined;
    const [argument, ...others] = node.child('arguments')?.parts ?? [];
    if (callee === undefined || argument === undefined || others.length > 0) return undefined;
    if (!/^(?:staticmethod|classmethod|property)$/.test(callee.text)) return undefined;
    const meaning = this.inBody(argument, owner);
    return meaning.kind === 'function' ? { ...meaning.fn, decorators: [callee, ...meaning.fn.decorators] } : undefined;
  }

  private inBody(node: SyntaxNode, owner: ClassModel): Meaning {
    const [inside] = bodyFlow(owner).names.get(node.text)?.bindings ?? [];
    if (inside === undefined) return this.resolver.expression(node, owner.module);
    return this.resolver.binding(inside, owner.module);
  }

  private method(role: Role, fn: FunctionModel): RawFinding[] {
    const found = this.decorated(fn);
    if (found === undefined) return [];
    if (found.style === 'property') return this.property(role, found.fn);
    const problem = misfit(parametersOf(found.fn.node), role.given + (found.style === 'static' ? 0 : 1));
    const signature = problem === undefined ? [] : [this.signature(role, found.fn, problem, found.style)];
    return [...signature, ...(found.wrapped ? [] : this.manner(role, found.fn))];
  }

  /** What is called in the end; undefined where a decorator can't be followed. */
  private decorated(fn: FunctionModel): Decorated | undefined {
    const result: Decorated = { fn, style: 'instance', wrapped: false };
    for (const decorator of [...fn.decorators].reverse()) {
      const effect = effectOf(decorator, fn.module, this.resolver);
      if (effect.kind === 'opaque') return undefined;
      apply(effect, result);
      if (result.style === 'property') return result;
    }
    return result;
  }

  private signature(role: Role, fn: FunctionModel, found: Misfit, style: string): RawFinding {
    const [name] = found.missing;
    const data = name === undefined ? undefined : { name };
    const spot = { module: fn.module, node: fn.node.child('parameters') ?? fn.node };
    return this.say(spot, errorOf(role.signatureCode, `${role.act}; ${reason(role, fn, found, style)}`, data));
  }

  /** `async def` and `yield`: the call returns at once and nothing has happened. */
  private manner(role: Role, fn: FunctionModel): RawFinding[] {
    const node = fn.node.child('name');
    if (node === undefined) return [];
    const say = (code: string, message: string): RawFinding[] => [
      this.say({ module: fn.module, node }, errorOf(code, message)),
    ];
    const shown = role.name === '__init__' ? 'builds Main' : `calls ${role.name}`;
    if (isAsync(fn.node))
      return say('method-async', `A run ${shown} and awaits nothing; an async ${role.name} never starts.`);
    if (!isGenerator(fn.node)) return [];
    return say('method-generator', `A run ${shown} and takes no values from it; the body of a generator never starts.`);
  }

  private property(role: Role, fn: FunctionModel): RawFinding[] {
    if (isAsync(fn.node) || isGenerator(fn.node)) return [];
    const body = fn.node.type === 'lambda' ? fn.node.child('body') : undefined;
    const given = body === undefined ? returnsOf(fn.node) : [body];
    if (given.some((value) => !isNoClass(value))) return [];
    const message = `${role.act}; a property is no method, and what this one gives can't be called.`;
    const spot = { module: fn.module, node: fn.node.child('parameters') ?? fn.node };
    return [this.say(spot, errorOf(role.signatureCode, message))];
  }

  /** What else keeps Main from being built: abstract methods, fields of a dataclass without a value. */
  construction(): RawFinding[] {
    const made = this.made();
    if (made.length > 0) return made;
    const field = dataclassFieldWithoutDefault(this.cls, this.resolver);
    const act = 'A run builds Main with no arguments';
    if (field !== undefined) {
      const name = field.node.text;
      return [this.say(field, errorOf('init-signature', `${act}; ${name} has no value.`, { name }))];
    }
    const left = this.abstractLeft();
    if (left.length === 0) return [];
    const are = left.length === 1 ? 'is still abstract' : 'are still abstract';
    return [this.say(this.classSpot(), errorOf('init-signature', `${act}; ${listed(left)} ${are}.`))];
  }

  /** `__new__` gets what `__init__` gets. */
  private made(): RawFinding[] {
    const member = memberOf(this.cls, '__new__', this.resolver);
    if (member.kind !== 'found' || member.binding.kind !== 'function' || member.binding.decorators.length > 0)
      return [];
    const role: Role = {
      name: '__init__',
      given: 0,
      signatureCode: 'init-signature',
      act: 'A run builds Main with no arguments',
    };
    const fn = { module: member.owner.module, node: member.binding.node, decorators: [] };
    const found = this.isAdjusted(role) ? undefined : misfit(parametersOf(fn.node), 1);
    return found === undefined ? [] : [this.signature(role, fn, found, 'class')];
  }

  private abstractLeft(): string[] {
    if (!isAbstract(this.cls, this.resolver)) return [];
    const names = new Set<string>();
    for (const one of ancestry(this.cls, this.resolver)) {
      if (one !== unknownClass) for (const name of bodyFlow(one).names.keys()) names.add(name);
    }
    return [...names].filter((name) => this.isAbstractMember(name)).sort();
  }

  private isAbstractMember(name: string): boolean {
    const member = memberOf(this.cls, name, this.resolver);
    if (member.kind !== 'found' || member.binding.kind !== 'function') return false;
    const { owner, binding } = member;
    return binding.decorators.some((one) => effectOf(one, owner.module, this.resolver).kind === 'abstract');
  }
}

function reason(role: Role, fn: FunctionModel, found: Misfit, style: string): string {
  if (found.missing.length > 0) {
    const have = found.missing.length === 1 ? 'has' : 'have';
    return `${listed(found.missing)} ${have} no value.`;
  }
  const count = parametersOf(fn.node).filter((parameter) => parameter.kind === 'positional').length;
  if (style !== 'static' && count === 0) return `${role.name} takes no self.`;
  return `${role.name} has no parameter for it.`;
}
