/** The tokens of Python source. An f-string is one `fstring` token up to its opening quote: the parser reads the rest. */
import type { SyntaxProblem } from './syntaxProblem';

export type TokenKind =
  'name' | 'keyword' | 'number' | 'string' | 'fstring' | 'op' | 'newline' | 'indent' | 'dedent' | 'end' | 'error';

export interface Token {
  readonly kind: TokenKind;
  /** The word, the operator, or the prefix of a string in lower case. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** What the tokenizer could not read, where `kind` is `error`. */
  readonly problem?: SyntaxProblem;
}
