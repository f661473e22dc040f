/**
 * Listens for the whole time of a command: between two listeners a signal would be lost, since the system's own handling
 * is back for that moment. What nobody wants to hear yet is kept for whoever hears next.
 */
import type { Signals } from './commandContext';

export interface SignalHandlers {
  readonly interrupt?: () => void;
  readonly hangUp?: () => void;
}

export class SignalListener {
  private handlers: SignalHandlers = {};
  private kept: (keyof SignalHandlers)[] = [];
  private readonly listening: readonly { dispose(): void }[];

  constructor(signals: Signals) {
    this.listening = [signals.onInterrupt(() => this.take('interrupt')), signals.onHangUp(() => this.take('hangUp'))];
  }

  /** From now on these handlers are told. */
  hear(handlers: SignalHandlers): void {
    this.handlers = handlers;
    const kept = this.kept;
    this.kept = [];
    for (const kind of kept) this.take(kind);
  }

  dispose(): void {
    for (const listener of this.listening) listener.dispose();
  }

  private take(kind: keyof SignalHandlers): void {
    const handle = this.handlers[kind];
    if (handle === undefined) this.kept.push(kind);
    else handle();
  }
}
