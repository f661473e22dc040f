/** The panel's own state in the page: the draft is the page's, everything else is the extension's. */
import { hasEnded } from '../../runner/src/domain/run';
import { allProblems } from './draftProblems';
import type { Host } from './host';
import {
  rememberedPanelSchema,
  type Draft,
  type FieldProblem,
  type PanelHostMessage,
  type PanelState,
  type ParameterRow,
} from './protocol';
import { drawPanel } from './view/panel';
import type { PanelActions } from './view/panelActions';

export const narrowQuery = '(max-width: 959px)';

export class PanelPage {
  private state: PanelState | undefined;
  private readonly closed: Set<string>;

  constructor(
    private readonly root: HTMLElement,
    private readonly host: Host,
  ) {
    const remembered = rememberedPanelSchema.safeParse(host.recall());
    this.closed = new Set(remembered.success ? remembered.data.closed : []);
  }

  get isShown(): boolean {
    return this.state !== undefined;
  }

  /** Something on the page gets older by the second. */
  get isTicking(): boolean {
    const { runs = [], enginesAt } = this.state ?? {};
    return enginesAt !== undefined || runs.some((run) => !hasEnded(run.state));
  }

  take(message: PanelHostMessage): void {
    switch (message.kind) {
      case 'panel':
        this.takeState(message.state);
        break;
      case 'draft':
        this.put(message.draft);
        break;
      case 'patch':
        if (this.state !== undefined) this.put({ ...this.state.draft, ...message.part });
        break;
      default:
        this.markStored(message.names);
    }
  }

  draw(): void {
    if (this.state === undefined) return;
    const look = { isNarrow: window.matchMedia(narrowQuery).matches, closed: this.closed };
    drawPanel(this.root, this.state, this.actions, look);
  }

  /** True where the key was for the panel. */
  key(event: KeyboardEvent): boolean {
    const run = keys[keyName(event)];
    if (run === undefined) return false;
    return run(this, event) !== false;
  }

  run(): void {
    const { state } = this;
    if (state === undefined || state.situation === 'untrusted') return;
    if (this.problems.length > 0) {
      this.goToProblem(1);
      return;
    }
    this.host.send({ kind: 'run', draft: state.draft });
    // The run's strip comes under the plan; from the footer, which is always in view, the page may go there.
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body || activeElement.id === 'run') window.scrollTo(0, 0);
  }

  save(as: boolean): void {
    if (this.state !== undefined) this.host.send({ kind: 'save', draft: this.state.draft, as });
  }

  browse(): boolean {
    const isDataset = document.activeElement?.id === 'dataset';
    if (isDataset) this.host.send({ kind: 'browse' });
    return isDataset;
  }

  stop(): void {
    const run = this.state?.runs.find((one) => !hasEnded(one.state));
    if (run !== undefined) this.host.send({ kind: 'stop', id: run.id });
  }

  runAgain(): void {
    const run = this.state?.runs.find((one) => hasEnded(one.state));
    if (run !== undefined) this.host.send({ kind: 'runAgain', id: run.id });
  }

  /** From the field that has the focus to the next problem, around the end. */
  goToProblem(step: 1 | -1): void {
    const fields = this.problems.map(({ field }) => field).filter((field) => field !== '');
    const [first] = fields;
    if (first === undefined) return;
    const at = fields.indexOf(document.activeElement?.id ?? '');
    const next = at === -1 ? (step === 1 ? 0 : fields.length - 1) : (at + step + fields.length) % fields.length;
    goTo(fields[next] ?? first);
  }

  private get problems(): readonly FieldProblem[] {
    return this.state === undefined ? [] : allProblems(this.state);
  }

  private readonly actions: PanelActions = {
    send: (message) => this.host.send(message),
    edit: (part) => this.edit(part),
    goTo: (field) => goTo(field),
    run: () => this.run(),
    closeStrip: (id) => {
      this.closed.add(id);
      if (this.state !== undefined) this.remember(this.state.draft);
      this.draw();
    },
  };

  /** What is being typed stays as typed: the extension's draft is older than the page's. */
  private takeState(state: PanelState): void {
    if (this.state === undefined) this.remember(state.draft);
    this.state = this.state === undefined ? state : { ...state, draft: this.state.draft };
  }

  private edit(part: Partial<Draft>): void {
    if (this.state === undefined) return;
    const draft: Draft = { ...this.state.draft, ...part };
    this.state = { ...this.state, draft, saved: false };
    this.remember(draft);
    this.host.send({ kind: 'edit', draft });
    this.draw();
  }

  private put(draft: Draft): void {
    if (this.state !== undefined) this.state = { ...this.state, draft };
    this.remember(draft);
  }

  /** The page forgets the value of a secret once the extension keeps it, unless it is being typed anew. */
  private markStored(names: readonly string[]): void {
    if (this.state === undefined) return;
    const parameters = this.state.draft.parameters.map((row, i): ParameterRow => {
      if (!row.secret) return row;
      const isTyped = document.activeElement?.id === `parameter-${i}-value`;
      const stored = names.includes(row.name);
      return { ...row, stored, value: stored && !isTyped ? '' : row.value };
    });
    this.put({ ...this.state.draft, parameters });
  }

  /** A secret that was typed is kept by the extension alone, never in the page's own state. */
  private remember(draft: Draft): void {
    const parameters = draft.parameters.map((row) => (row.secret ? { ...row, value: '' } : row));
    this.host.remember({ draft: { ...draft, parameters }, at: Date.now(), closed: [...this.closed].slice(-20) });
  }
}

/** Components take the focus themselves; a list of check boxes gives it to its first one. */
function goTo(field: string): void {
  const element = document.getElementById(field);
  const fold = element?.closest('details');
  if (fold !== null && fold !== undefined) fold.open = true;
  const target = element?.tagName === 'UL' ? element.querySelector<HTMLElement>('vscode-checkbox') : element;
  target?.focus();
  target?.scrollIntoView({ block: 'nearest' });
}

/** "Ctrl+Shift+S"; Cmd counts as Ctrl. */
function keyName({ key, ctrlKey, metaKey, shiftKey }: KeyboardEvent): string {
  const name = key.length === 1 ? key.toUpperCase() : key;
  return `${ctrlKey || metaKey ? 'Ctrl+' : ''}${shiftKey ? 'Shift+' : ''}${name}`;
}

const keys: Readonly<Record<string, (page: PanelPage, event: KeyboardEvent) => boolean | void>> = {
  F8: (page) => page.goToProblem(1),
  'Shift+F8': (page) => page.goToProblem(-1),
  'Ctrl+Enter': (page, event) => (event.repeat ? true : page.run()),
  'Ctrl+S': (page) => page.save(false),
  'Ctrl+Shift+S': (page) => page.save(true),
  'Ctrl+O': (page) => page.browse(),
  'Shift+F5': (page) => page.stop(),
  'Ctrl+Shift+F5': (page) => page.runAgain(),
};
