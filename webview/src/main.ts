/** The page: the panel or a run, whichever the host sends. The page speaks first. */
import { hasEnded } from '../../runner/src/domain/run';
import { connectHost } from './host';
import { narrowQuery, PanelPage } from './panelPage';
import type { HostMessage, RunPageState } from './protocol';
import { registerToolkit } from './toolkit';
import { appendLines, nextMatch, type LogBuffer } from './view/logView';
import { drawRunPage } from './view/runPage';

registerToolkit();
const host = connectHost();
const root = document.getElementById('root') as HTMLElement;
const panel = new PanelPage(root, host);
let runPage: RunPageState | undefined;
let log: LogBuffer = { first: 0, lines: [] };
let pending = false;

host.onMessage((message) => take(message));
host.send({ kind: 'ready' });

function take(message: HostMessage): void {
  switch (message.kind) {
    case 'panel':
    case 'draft':
    case 'patch':
    case 'stored':
      panel.take(message);
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
    panel.draw();
    if (runPage !== undefined) drawRunPage(root, runPage, log, host.send);
  });
}

// Elapsed times count on while something runs, and ages of what was asked.
setInterval(() => {
  if (panel.isTicking || (runPage !== undefined && !hasEnded(runPage.run.state))) drawSoon();
}, 1_000);
window.matchMedia(narrowQuery).addEventListener('change', drawSoon);

window.addEventListener('keydown', (event) => {
  const isTaken = panel.isShown ? panel.key(event) : runPageKey(event);
  if (isTaken) event.preventDefault();
});

function runPageKey(event: KeyboardEvent): boolean {
  if (event.key === 'F3') {
    nextMatch(event.shiftKey ? -1 : 1);
    return true;
  }
  const isFind = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f';
  if (isFind) document.getElementById('logSearch')?.focus();
  return isFind;
}
