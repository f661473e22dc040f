/** The page: the panel or a run, whichever the host sends. The page speaks first. */
import { connectHost } from './host';
import { Details } from './details';
import { narrowQuery, PanelPage } from './panelPage';
import type { HostMessage } from './protocol';
import { registerToolkit } from './toolkit';

registerToolkit();
const host = connectHost();
const root = document.getElementById('root') as HTMLElement;
const panel = new PanelPage(root, host);
const details = new Details(root, host);
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
    default:
      details.take(message);
  }
}

/** One drawing for all that came within a frame. */
function drawSoon(): void {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    panel.draw();
  });
}

// Elapsed times count on while something runs, and ages of what was asked.
setInterval(() => {
  if (panel.isTicking) drawSoon();
}, 1_000);
window.matchMedia(narrowQuery).addEventListener('change', drawSoon);

window.addEventListener('keydown', (event) => {
  const isTaken = panel.isShown ? panel.key(event) : details.key(event);
  if (isTaken) event.preventDefault();
});
