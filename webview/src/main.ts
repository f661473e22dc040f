/** The page: the panel or a run, whichever the host sends. The page speaks first. */
import { connectHost } from './host';
import {
  draftSchema,
  type Draft,
  type HostMessage,
  type LogLine,
  type PanelState,
  type RunPageState,
} from './protocol';
import { registerToolkit } from './toolkit';
import { drawPanel } from './view/panel';
import type { PanelActions } from './view/panelActions';
import { drawRunPage } from './view/runPage';

registerToolkit();
const host = connectHost();
const root = document.getElementById('root') as HTMLElement;
let panel: PanelState | undefined;
let runPage: RunPageState | undefined;
let lines: LogLine[] = [];
let pending = false;
const longestLog = 100_000;

const actions: PanelActions = {
  send: (message) => {
    if (message.kind === 'run' && panel !== undefined && panel.problems.length > 0) return goToProblem(1);
    host.send(message);
  },
  edit: (part, now) => {
    if (panel === undefined) return;
    const draft: Draft = { ...panel.draft, ...part };
    panel = { ...panel, draft, saved: false };
    host.remember(draft);
    host.send({ kind: 'edit', draft });
    if (now) drawPanel(root, panel, actions);
  },
};

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
      host.remember(message.draft);
      drawSoon();
      break;
    case 'runPage':
      runPage = message.state;
      drawSoon();
      break;
    default:
      lines = [...lines.slice(0, message.from), ...message.lines].slice(-longestLog);
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
    if (runPage !== undefined) drawRunPage(root, runPage, lines, host.send);
  });
}

function goToProblem(step: 1 | -1): void {
  const fields = (panel?.problems ?? []).map((problem) => problem.field).filter((field) => field !== '');
  const at = fields.indexOf(document.activeElement?.id ?? '');
  const next = fields[(at + step + fields.length) % Math.max(1, fields.length)];
  if (next !== undefined) document.getElementById(next)?.focus();
}

window.addEventListener('keydown', (event) => {
  const withModifier = event.ctrlKey || event.metaKey;
  if (event.key === 'F8') goToProblem(event.shiftKey ? -1 : 1);
  else if (panel === undefined || !withModifier) return;
  else if (event.key === 'Enter') actions.send({ kind: 'run', draft: panel.draft });
  else if (event.key.toLowerCase() === 's') host.send({ kind: 'save', draft: panel.draft, as: event.shiftKey });
  else return;
  event.preventDefault();
});
