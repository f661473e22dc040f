/** `import-time-work`: a run imports train.py first, so what stands at module level happens before it starts. */
import type { Binding } from '../python/flow';
import type { SyntaxNode } from '../python/syntaxNode';
import { walk } from '../python/syntaxNode';
import type { RawFinding } from '../rawFinding';
import { walkLive } from './liveCode';
import type { Candidate } from './mainBinding';
import { findingAt, warningOf, type Subject } from './subject';

type Work = { readonly kind: 'build' | 'train' } | { readonly kind: 'method' | 'function'; readonly name: string };

export function importTimeWork(main: Candidate, subject: Subject): RawFinding[] {
  const { train } = subject;
  // Nothing can be built where the class is not so much as named after its definition.
  const detector = new Detector(main, subject);
  const findings: RawFinding[] = [];
  walkLive(train.root, train.name, (node) => {
    if (node.type === 'function_definition') return false;
    if (node.type === 'lambda') return false;
    const work = node.type === 'call' ? detector.work(node) : undefined;
    if (work === undefined) return true;
    const message = `A run imports train.py first; this line ${words(work)} at that moment.`;
    findings.push(findingAt(train, { module: train, node }, undefined, warningOf('import-time-work', message)));
    return false;
  });
  return findings;
}

function words(work: Work): string {
  switch (work.kind) {
    case 'build':
      return 'builds Main';
    case 'train':
      return 'trains';
    case 'method':
      return `calls ${work.name} of Main`;
    case 'function':
      return `calls ${work.name}, which uses Main,`;
  }
}

class Detector {
  private readonly instances: ReadonlySet<string>;
  private readonly functions = new Map<SyntaxNode, boolean>();
  constructor(
    private readonly main: Candidate,
    private readonly subject: Subject,
  ) {
    const { names, dead } = subject.train.flow;
    const bindings = [...[...names.values()].flatMap((one) => one.bindings), ...dead.map((one) => one.binding)];
    this.instances = new Set(bindings.filter((one) => this.holdsInstance(one)).map((one) => one.name));
  }

  private holdsInstance(binding: Binding): boolean {
    return binding.kind === 'value' && binding.value !== undefined && this.buildsWithin(binding.value);
  }

  private buildsWithin(value: SyntaxNode): boolean {
    const inner = value.type === 'conditional_expression' ? value.parts : [value];
    return inner.some((one) => one.type === 'call' && this.isMain(one.child('function')));
  }

  private isMain(node: SyntaxNode | undefined): boolean {
    if (node?.type !== 'identifier' && node?.type !== 'attribute') return false;
    const meaning = this.subject.resolver.expression(node, this.subject.train);
    return meaning.kind === 'class' && meaning.cls.node === this.main.cls.node;
  }

  work(call: SyntaxNode, instances: ReadonlySet<string> = this.instances): Work | undefined {
    const callee = call.child('function');
    if (this.isMain(callee)) return { kind: 'build' };
    if (callee?.type === 'attribute') return this.methodWork(callee, instances);
    return callee?.type === 'identifier' ? this.functionWork(callee) : undefined;
  }

  private methodWork(callee: SyntaxNode, instances: ReadonlySet<string>): Work | undefined {
    const object = callee.child('object');
    const name = callee.textOf('attribute');
    const own =
      (object?.type === 'identifier' && (instances.has(object.text) || this.isMain(object))) ||
      (object !== undefined && this.buildsWithin(object));
    if (!own) return undefined;
    return name === 'train' ? { kind: 'train' } : { kind: 'method', name };
  }

  private functionWork(callee: SyntaxNode): Work | undefined {
    const meaning = this.subject.resolver.expression(callee, this.subject.train);
    if (meaning.kind !== 'function' || meaning.fn.module.path !== this.subject.train.path) return undefined;
    return this.usesMain(meaning.fn.node) ? { kind: 'function', name: callee.text } : undefined;
  }

  /** Whether calling the function builds or uses Main, itself or through other functions of the file. */
  private usesMain(fn: SyntaxNode): boolean {
    const known = this.functions.get(fn);
    if (known !== undefined) return known;
    this.functions.set(fn, false);
    const body = fn.child('body') ?? fn;
    const instances = new Set([...this.instances, ...this.localInstances(body)]);
    let found = false;
    walk(body, (node) => {
      if (node.type === 'call') found ||= this.work(node, instances) !== undefined;
      return !found && !/^(?:function_definition|class_definition|lambda)$/.test(node.type);
    });
    this.functions.set(fn, found);
    return found;
  }

  private localInstances(body: SyntaxNode): string[] {
    const names: string[] = [];
    walk(body, (node) => {
      const value = node.type === 'assignment' ? node.child('right') : undefined;
      if (value !== undefined && this.buildsWithin(value)) names.push(node.textOf('left'));
    });
    return names;
  }
}
