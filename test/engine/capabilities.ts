/** What an engine can and cannot do, measured in runs of its own, as rows of the table in docs/engines.md. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { engineRun, type EnginePlace } from '../support/engineRun';
import { main } from '../support/localRun';

const look = `
import json, socket
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
try:
    open(data + "/new", "w").close()
    os.remove(data + "/new")
    written = True
except OSError:
    written = False
print(json.dumps({
    "root": os.getuid() == 0,
    "capabilities": int(status["CapEff"], 16) != 0,
    "gains": status["NoNewPrivs"].strip() != "1",
    "sees": os.path.exists(os.environ["outside"]),
    "networks": [name for _, name in socket.if_nameindex()],
    "written": written,
}))`;

const hungry = 'x = bytearray(1 << 30)\nx[:] = b"1" * (1 << 30)';

interface Seen {
  readonly capabilities: boolean;
  readonly gains: boolean;
  readonly sees: boolean;
  readonly networks: readonly string[];
  readonly written: boolean;
}

const yes = (is: boolean): string => (is ? 'yes' : 'no');

/** By the words of the table's first column. */
export async function capabilitiesOf(place: EnginePlace, isolates: boolean): Promise<Record<string, string>> {
  const outside = fileURLToPath(import.meta.url);
  const run = await engineRun(place, main(look), { network: isolates ? 'none' : 'bridge', parameters: { outside } });
  try {
    await run.record();
    const seen = JSON.parse(await run.text('stdout')) as Seen;
    return {
      'environment of a run': place.environment.image === null ? 'virtual environment' : 'image',
      'training sees only its own files': yes(!seen.sees),
      'training has no capabilities and gains none': yes(!seen.capabilities && !seen.gains),
      'network can be cut off': yes(seen.networks.join() === 'lo'),
      'memory can be limited': yes(isolates && (await isLimited(place))),
      'dataset gets there': place.engine.send === undefined ? 'in place, no copy' : 'sent once',
      'dataset can’t be written': yes(!seen.written),
      'run outlives this machine': yes(place.engine.send !== undefined),
    };
  } finally {
    await run.dispose();
  }
}

async function isLimited(place: EnginePlace): Promise<boolean> {
  const run = await engineRun(place, main(hungry), { limits: { memory: 128 << 20 } });
  try {
    const record = await run.record();
    return record.outcome === 'failed' && record.kind === 'out-of-memory';
  } finally {
    await run.dispose();
  }
}

/** The column of one engine in docs/engines.md; undefined where it has none. */
export function documentedCapabilities(column: string): Record<string, string> | undefined {
  const path = fileURLToPath(new URL('../../docs/engines.md', import.meta.url));
  const table = readFileSync(path, 'utf8').split('<!-- capabilities -->')[1]?.split('<!-- /capabilities -->')[0] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('|'));
  const [head = [], , ...body] = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const at = head.indexOf(column);
  return at === -1 ? undefined : Object.fromEntries(body.map((cells) => [cells[0] ?? '', cells[at] ?? '']));
}
