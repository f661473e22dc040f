/** The page: the panel or a run, whichever the host sends. The page speaks first. */
import { hasEnded } from '../../runner/src/domain/run';
import { connectHost } from './host';
import { draftSchema, type Draft, type HostMessage, type PanelState, type RunPageState } from './protocol';
import { registerToolkit } from './toolkit';
import { appendLines, nextMatch, type LogBuffer } from './view/logView';
import { drawPanel } from './view/panel';
import type { PanelActions } from './view/panelActions';
import { drawRunPage } from './view/runPage';

registerToolkit();
const host = connectHost();
const root = document.getElementById('root') as HTMLElement;
let panel: PanelState | undefined;
let runPage: RunPageState | undefined;
let log: LogBuffer = { first: 0, lines: [] };
let pending = false;

const actions: PanelActions = {
  send: (message) => {
    if (message.kind === 'run' && panel !== undefined && panel.problems.length > 0) return goToProblem(1);
    host.send(message);
  },
  edit: (part) => {
    if (panel === undefined) return;
    const draft: Draft = { ...panel.draft, ...part };
    panel = { ...panel, draft, saved: false };
    remember(draft);
    host.send({ kind: 'edit', draft });
    drawPanel(root, panel, actions);
  },
};

/** A secret that was typed is kept by the extension alone, never in the page's own state. */
function remember(draft: Draft): void {
  const parameters = draft.parameters.map((row) => (row.secret ? { ...row, value: '' } : row));
  host.remember({ ...draft, parameters });
}

host.onMessage((message) => take(message));
host.send({ kind: 'ready' });
const remembered = draftSchema.safeParse(host.recall());
if (remembered.success) host.send({ kind: 'edit', draft: remembered.data });

function take(message: HostMessage): void {
  switch (message.kind) {
    case 'panel':
      // What is being typed stays as typed: the host's draft is older than ours.
      panel = panel === undefined ? message.state : { ...message.state, draft: panel.draft };
      drawSoon();
      break;
    case 'draft':
      if (panel !== undefined) panel = { ...panel, draft: message.draft };
      remember(message.draft);
      drawSoon();
      break;
    case 'runPage':
      runPage = message.state;
      host.remember({ run: message.state.run.id });
      drawSoon();
      break;
    default:
      log = appendLines(log, message.from, message.lines);
      drawSoon();
  }
}

/** One drawing for all that came within a frame. */
function drawSoon(): void {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    if (panel !== undefined) drawPanel(root, panel, actions);
    if (runPage !== undefined) drawRunPage(root, runPage, log, host.send);
  });
}

// Elapsed times count on while something runs.
setInterval(() => {
  const runs = [...(panel?.runs ?? []), ...(runPage === undefined ? [] : [runPage.run])];
  if (runs.some((run) => !hasEnded(run.state))) drawSoon();
}, 1_000);

function goToProblem(step: 1 | -1): void {
  const fields = (panel?.problems ?? []).map((problem) => problem.field).filter((field) => field !== '');
  const at = fields.indexOf(document.activeElement?.id ?? '');
  const next = fields[(at + step + fields.length) % Math.max(1, fields.length)];
  if (next !== undefined) document.getElementById(next)?.focus();
}

window.addEventListener('keydown', (event) => {
  const isTaken = panel === undefined ? runPageKey(event) : panelKey(event, panel);
  if (isTaken) event.preventDefault();
});

function panelKey(event: KeyboardEvent, { draft }: PanelState): boolean {
  if (event.key === 'F8') {
    goToProblem(event.shiftKey ? -1 : 1);
    return true;
  }
  if (!event.ctrlKey && !event.metaKey) return false;
  if (event.key === 'Enter') {
    actions.send({ kind: 'run', draft });
    return true;
  }
  if (event.key.toLowerCase() !== 's') return false;
  host.send({ kind: 'save', draft, as: event.shiftKey });
  return true;
}

function runPageKey(event: KeyboardEvent): boolean {
  if (event.key === 'F3') {
    nextMatch(event.shiftKey ? -1 : 1);
    return true;
  }
  const isFind = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f';
  if (isFind) document.getElementById('logSearch')?.focus();
  return isFind;
}
