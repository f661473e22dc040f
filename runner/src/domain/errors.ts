/** Errors that the world can cause: each has a code that scripts rely on, and a message fit to show. */

/** Bad input or usage: the command line ends with exit code 2. */
export const inputErrorCodes = [
  'usage',
  'package-invalid',
  'package-name-taken',
  'dataset-missing',
  'dataset-refused',
  'parameter-invalid',
  'version-missing',
  'run-missing',
  'version-in-use',
  'run-in-use',
  'archive-refused',
  'file-exists',
] as const;

/** The engine or the environment: the command line ends with exit code 3. */
export const environmentErrorCodes = [
  'engine-unreachable',
  'engine-permission',
  'engine-unsupported',
  'gpu-unavailable',
  'image-missing',
  'image-platform',
  'python-missing',
  'store-damaged',
  'disk-full',
] as const;

/**
 * Ends a run that exists already, so these never reach the command line as `error`: `requirements` (the installer failed)
 * becomes the cause of that name; `cancelled` means that the caller's AbortSignal fired; `engine-failed` is any other
 * refusal by the engine.
 */
export const runErrorCodes = ['requirements', 'cancelled', 'engine-failed'] as const;

export type ErrorCode =
  (typeof inputErrorCodes)[number] | (typeof environmentErrorCodes)[number] | (typeof runErrorCodes)[number];

/** Something expected went wrong in the world. `message`: what happened, to which thing. `hint`: what to do next, or "". */
export class ExpectedError extends Error {
  override readonly name = 'ExpectedError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string = '',
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export function isExpected(error: unknown, code?: ErrorCode): error is ExpectedError {
  return error instanceof ExpectedError && (code === undefined || error.code === code);
}

/** The exit code of the command line for an error before there is a run: 2 bad input, 3 engine or environment. */
export function exitCodeOf(code: ErrorCode): 2 | 3 {
  return (inputErrorCodes as readonly string[]).includes(code) ? 2 : 3;
}

/** A text for any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
