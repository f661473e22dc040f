/** A second press of Run within a second is the same request, not a second run. */

const sameMilliseconds = 1_000;

export class RunGate<T> {
  private last: { readonly at: number; readonly started: Promise<T> } | undefined;

  /** `now` in milliseconds, of a clock that only goes forward. */
  constructor(private readonly now: () => number) {}

  start(launch: () => Promise<T>): Promise<T> {
    const at = this.now();
    if (this.last !== undefined && at - this.last.at < sameMilliseconds) return this.last.started;
    const started = launch();
    this.last = { at, started };
    return started;
  }
}
