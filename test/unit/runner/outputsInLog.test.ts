import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutputsInLog } from '../../../runner/src/engine/docker/outputsInLog';
import type { LogChunk } from '../../../runner/src/engine/engine';

const harness = resolve(import.meta.dirname, '../../../runner/harness');
const program = `import sys, json
sys.dont_write_bytecode = True
sys.path.insert(0, ${JSON.stringify(harness)})
import outputs
class Log:
    def event(self, value): print(json.dumps(value, separators=(",", ":")))
sys.exit(0 if outputs.tell(Log(), sys.argv[1]) else 9)`;

let out: string;
beforeEach(() => (out = mkdtempSync(join(tmpdir(), 'outputs-'))));
afterEach(() => rmSync(out, { recursive: true, force: true }));

/** The harness's events about the folder; none where it tells nothing. */
function told(): string[] {
  try {
    return execFileSync('python3', ['-I', '-c', program, out], { encoding: 'utf8' }).trim().split('\n');
  } catch (error) {
    if ((error as { status?: number }).status === 9) return [];
    throw error;
  }
}

const chunk = (text: string, stream: LogChunk['stream'] = 'event'): LogChunk => ({
  sequence: 1,
  time: 0,
  stream,
  bytes: Buffer.from(text),
});

function fill(): void {
  mkdirSync(join(out, 'package', 'empty'), { recursive: true });
  for (let i = 0; i < 5; i++)
    writeFileSync(join(out, 'package', `ü${i}.bin`), Buffer.alloc(4_000, `${i}${Math.PI * i}`));
  const noise = createHash('shake256', { outputLength: 9_000 }).update('noise').digest();
  writeFileSync(join(out, 'noise'), noise);
}

describe('outputs that come with the log', () => {
  it('are what the harness found, in whatever order its parts come', () => {
    fill();
    const outputs = new OutputsInLog();
    const events = told();
    expect(events.length).toBeGreaterThan(1);
    for (const event of [...events].reverse()) expect(outputs.take('r', chunk(event))).toBe(true);
    const sources = outputs.collect('r', 'out') ?? [];
    expect(sources.map(({ path }) => path).sort()).toEqual(
      [
        'out',
        'out/noise',
        'out/package',
        'out/package/empty',
        ...[0, 1, 2, 3, 4].map((i) => `out/package/ü${i}.bin`),
      ].sort(),
    );
    expect(sources.find(({ path }) => path === 'out/package/ü3.bin')).toMatchObject({
      kind: 'file',
      mode: 0o644,
      content: Buffer.alloc(4_000, `3${Math.PI * 3}`),
    });
    expect(outputs.collect('r', 'out')).toBeUndefined();
  });

  it('are nothing where a part is missing, damaged, or a bomb', () => {
    fill();
    const outputs = new OutputsInLog();
    const collected = (...events: string[]) => {
      for (const event of events) outputs.take('r', chunk(event));
      return outputs.collect('r', 'out');
    };
    const [first = '', ...rest] = told();
    expect(collected(...rest)).toBeUndefined();
    expect(collected(first.replace(/"data":".{8}/, '"data":"AAAAAAAA'), ...rest)).toBeUndefined();
    const bomb = deflateSync(Buffer.alloc(50_000_000, ' ')).toString('base64');
    expect(collected(JSON.stringify({ event: 'outputs', part: 1, parts: 1, data: bomb }))).toBeUndefined();
    expect(collected('{"event":"outputs","part":99,"parts":1e9,"data":"AAAA"}')).toBeUndefined();
    expect(collected('{"event":"outputs"')).toBeUndefined();
  });

  it('are told only as plain files and folders, and few', () => {
    symlinkSync('/etc/passwd', join(out, 'link'));
    expect(told()).toEqual([]);
    rmSync(join(out, 'link'));
    expect(told()).toHaveLength(1);
    writeFileSync(join(out, 'big'), Buffer.alloc(50_000));
    expect(told()).toEqual([]);
    rmSync(join(out, 'big'));
    for (let i = 0; i < 120; i++) writeFileSync(join(out, String(i)), '');
    expect(told()).toEqual([]);
  });

  it('leave other events and the user’s own words alone', () => {
    const outputs = new OutputsInLog();
    expect(outputs.take('r', chunk('{"event":"usage","cpu":1}'))).toBe(false);
    expect(outputs.take('r', chunk('{"event":"outputs","part":1,"parts":1,"data":""}', 'stdout'))).toBe(false);
    expect(outputs.take('r', chunk('{}'))).toBe(false);
  });
});
