export interface CallOptions {
  /** An object, bytes, or the path of a file. */
  readonly body?: unknown;
  /** Milliseconds. */
  readonly timeout?: number;
}
export function call(
  host: string,
  method: string,
  path: string,
  options?: CallOptions,
): Promise<{ status: number; text: string }>;
/** A call that must succeed; answers its JSON, or its text where it is not JSON. */
export function expectOk(host: string, method: string, path: string, options?: CallOptions): Promise<unknown>;
export function answers(host: string): Promise<boolean>;
