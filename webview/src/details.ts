/** The pages that show a run or compare two: what they hold between two drawings, and their keys. */
import { hasEnded } from '../../runner/src/domain/run';
import type { Host } from './host';
import type { ComparePageState, RunHostMessage, RunPageState, UsageView } from './protocol';
import { drawComparePage } from './view/comparePage';
import { firstCompareChoices, type CompareChoices } from './view/compareParts';
import { appendLines, emptyBuffer, MetricStore, type LogBuffer } from './view/logBuffer';
import { LogView } from './view/logView';
import { ownFrame } from './view/runFailure';
import { drawRunPage, firstChoices, type RunPageChoices } from './view/runPage';
import type { Folding } from './view/sections';

export class Details {
  private run: RunPageState | undefined;
  private compare: ComparePageState | undefined;
  private buffer: LogBuffer = emptyBuffer;
  private readonly metrics = new MetricStore();
  private usage: UsageView[] = [];
  private choices: RunPageChoices = firstChoices;
  private compareChoices: CompareChoices = firstCompareChoices;
  private packageFiles: ReadonlySet<string> = new Set();
  private folded = new Set<string>();
  private pending = false;
  private hasFocused = false;
  private readonly log: LogView;

  constructor(
    private readonly root: HTMLElement,
    private readonly host: Host,
  ) {
    this.log = new LogView(
      (file, line) => host.send({ kind: 'openFrame', file, line }),
      () => this.drawSoon(),
    );
    // Elapsed times count on while something runs.
    setInterval(() => {
      if (this.run !== undefined && !hasEnded(this.run.run.state)) this.drawSoon();
    }, 1_000);
  }

  /** Whether this page is one of these. */
  get isShown(): boolean {
    return this.run !== undefined || this.compare !== undefined;
  }

  take(message: RunHostMessage): void {
    switch (message.kind) {
      case 'runPage':
        this.takeRun(message.state);
        break;
      case 'comparePage':
        this.compare = message.state;
        this.host.remember({ left: message.state.left.run.id, right: message.state.right.run.id });
        break;
      case 'usage':
        this.usage = [...this.usage.slice(0, message.from), ...message.usage];
        break;
      default:
        this.buffer = appendLines(this.buffer, message.from, message.lines);
        this.metrics.append(message.from, message.lines);
    }
    this.drawSoon();
  }

  private takeRun(state: RunPageState): void {
    const before = this.run?.packageFiles.join('\n');
    if (before !== state.packageFiles.join('\n')) this.packageFiles = new Set(state.packageFiles);
    if (this.run === undefined) this.folded = new Set(state.folded);
    this.run = state;
    this.host.remember({ run: state.run.id });
  }

  /** F3, Ctrl+F and Escape in a run's log, Alt+arrows for pictures. True where the key was meant for the page. */
  key(event: KeyboardEvent): boolean {
    if (this.run !== undefined) return this.runKey(event);
    if (!event.altKey || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return false;
    this.compareChoices = {
      ...this.compareChoices,
      picture: this.compareChoices.picture + (event.key === 'ArrowLeft' ? -1 : 1),
    };
    this.drawSoon();
    return true;
  }

  private runKey(event: KeyboardEvent): boolean {
    if (event.key === 'F3') {
      this.log.go(event.shiftKey ? -1 : 1);
      return true;
    }
    const search = document.getElementById('logSearch') as (HTMLElement & { value: string }) | null;
    if (event.key === 'Escape' && search !== null && document.activeElement === search) {
      search.value = '';
      this.log.find('');
      this.log.element.focus();
      return true;
    }
    const isFind = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f';
    if (isFind) search?.focus();
    return isFind;
  }

  /** One drawing for all that came within a frame. */
  private drawSoon(): void {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  private draw(): void {
    const { host, root } = this;
    const folding: Folding = { folded: this.folded, toggle: (section) => this.toggle(section) };
    const send = host.send;
    if (this.compare !== undefined) {
      const choose = (part: Partial<CompareChoices>): void => {
        this.compareChoices = { ...this.compareChoices, ...part };
        this.drawSoon();
      };
      drawComparePage(root, { state: this.compare, choices: this.compareChoices, choose, folding, send });
      return;
    }
    if (this.run === undefined) return;
    const { run: state, packageFiles, buffer, metrics, usage, log, choices } = this;
    const choose = (part: Partial<RunPageChoices>): void => {
      this.choices = { ...this.choices, ...part };
      this.drawSoon();
    };
    drawRunPage(root, { state, packageFiles, buffer, metrics, usage, log, folding, choices, choose, send });
    this.focusFailure(state);
  }

  private toggle(section: string): void {
    const folded = !this.folded.has(section);
    if (folded) this.folded.add(section);
    else this.folded.delete(section);
    this.host.send({ kind: 'fold', section, folded });
    this.drawSoon();
  }

  /** A failed run opens with the focus on "Open train.py:38". */
  private focusFailure({ run }: RunPageState): void {
    if (this.hasFocused || run.state !== 'Failed') {
      this.hasFocused ||= hasEnded(run.state);
      return;
    }
    this.hasFocused = true;
    if (ownFrame(run.cause) === undefined) return;
    requestAnimationFrame(() =>
      this.root.querySelector<HTMLElement>('.failure vscode-button[appearance="primary"]')?.focus(),
    );
  }
}
