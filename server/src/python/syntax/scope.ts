/** The names of one function, class, module or comprehension, as CPython's symbol table collects them. */

export const enum Use {
  Parameter = 1,
  Assigned = 2,
  Read = 4,
  Annotated = 8,
  Global = 16,
  Nonlocal = 32,
}

export type ScopeKind = 'module' | 'class' | 'function' | 'lambda' | 'comprehension' | 'types';

export interface Place {
  readonly start: number;
  readonly end: number;
}

export class Scope {
  readonly names = new Map<string, number>();
  readonly declared = new Map<string, Place>();
  readonly nonlocals: { readonly name: string; readonly place: Place }[] = [];
  readonly children: Scope[] = [];
  /** Iteration variables and `:=` targets of a comprehension. */
  readonly iterationNames = new Set<string>();
  readonly walrusNames = new Set<string>();
  /** `return` with a value: wrong if the function turns out to be an async generator. */
  readonly returns: Place[] = [];
  generates = false;
  /** An async function; a comprehension that awaits. */
  isAsync: boolean;

  constructor(
    readonly kind: ScopeKind,
    readonly parent: Scope | undefined,
    isAsync: boolean = false,
  ) {
    this.isAsync = isAsync;
    parent?.children.push(this);
  }

  uses(name: string): number {
    return this.names.get(name) ?? 0;
  }

  add(name: string, use: Use): void {
    this.names.set(name, this.uses(name) | use);
  }

  /** The scope in which a `:=` inside of comprehensions binds. */
  get binding(): Scope {
    return this.kind === 'comprehension' && this.parent !== undefined ? this.parent.binding : this;
  }
}
