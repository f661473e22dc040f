/** What an analysis of the server says: a finding before its place in the workspace is known. */
import type { Range, Severity } from '../../runner/src/domain/finding';

export interface RelatedPlace {
  /** Relative to the package's folder, with `/`. */
  readonly file: string;
  readonly range: Range;
  readonly message: string;
}

export interface RawFinding {
  /** Stable code, listed in docs/checks. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly range: Range;
  /** Relative to the package's folder, with `/`; `train.py` where it is left out. */
  readonly file?: string;
  readonly related?: readonly RelatedPlace[];
  /** What a quick fix needs to know; travels in the diagnostic's `data`. */
  readonly data?: FixFacts;
}

/** Facts for quick fixes: which ones are there depends on the code. */
export interface FixFacts {
  /** The right word: a parameter's key, a requirement's name, a value. */
  readonly replacement?: string;
  /** The name at fault: an argument, a parameter's key, a module. */
  readonly name?: string;
}
