/** What Python refuses in a source text, and the signal by which the parser leaves a statement that it cannot read. */

export type SyntaxKind = 'SyntaxError' | 'IndentationError' | 'TabError';

/** `start` and `end` are UTF-16 offsets; the words are CPython's where it has words of its own. */
export interface SyntaxProblem {
  readonly kind: SyntaxKind;
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

/** Syntax that older Pythons refuse: `minor` 12 means Python 3.12 is the first that reads it. */
export interface NewSyntax {
  readonly minor: number;
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** Thrown inside the parser only. Not an `Error`: no stack is wanted, and half-typed code throws at every key. */
export class SyntaxFailure {
  constructor(
    readonly problem: SyntaxProblem,
    /** A plain "invalid syntax" gives way to a bracket that was opened before it and never closed. */
    readonly generic: boolean = false,
  ) {}
}
