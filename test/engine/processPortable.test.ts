import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { bareHarness, type BareOptions } from '../support/bareHarness';
import { main } from '../support/localRun';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** As on Windows, as far as that can be tried elsewhere. */
const run = async (train: string, options: BareOptions = {}) => {
  const spec = { dataset: { kind: 'mount' as const }, ...options.spec };
  const ended = await bareHarness(train, { ...options, spec, portable: true });
  folders.push(ended.folder);
  return ended;
};

describe('the harness without fork and signals', () => {
  it('completes a run with its whole log', async () => {
    const { record, log } = await run(main('for i in range(1000): print("line", i)'));
    expect(record).toMatchObject({ outcome: 'completed', step: 'done', exitCode: 0 });
    expect(record.log.bytes).toBe(Array.from({ length: 1000 }, (_, i) => `line ${i}\n`.length).reduce((a, b) => a + b));
    expect(log.trim().split('\n')).toHaveLength(record.log.records);
  });

  it('tells exceptions, exits and crashes apart', async () => {
    expect((await run(main('raise ValueError("x")'))).record).toMatchObject({
      outcome: 'failed',
      kind: 'code',
      message: 'ValueError: x',
    });
    expect((await run(main('sys.exit(0)'))).record).toMatchObject({ outcome: 'failed', kind: 'code', exitCode: 0 });
    expect((await run(main('os._exit(3)'))).record).toMatchObject({ outcome: 'failed', kind: 'code', exitCode: 3 });
    expect((await run(main('os.abort()'))).record).toMatchObject({ outcome: 'failed', signal: 'SIGABRT' });
    expect((await run('x = 1')).record).toMatchObject({ outcome: 'failed', kind: 'contract' });
  });

  it('ends at the time limit', async () => {
    const { record } = await run(main('time.sleep(60)'), { spec: { timeoutSeconds: 0.3 } });
    expect(record).toMatchObject({ outcome: 'timed-out', step: 'train' });
  });

  it('ends by a word in a file', async () => {
    const onStart = (control: string): void => writeFileSync(join(control, 'stop'), 'kill');
    const { record } = await run(main('time.sleep(60)'), { onStart });
    expect(record).toMatchObject({ outcome: 'interrupted', step: expect.stringMatching(/start|import|init|train/) });
  });

  it('does not wait for a child that keeps the output open', async () => {
    const before = performance.now();
    const { record } = await run(main('import subprocess\nsubprocess.Popen(["sleep", "30"])'));
    expect(record).toMatchObject({ outcome: 'completed' });
    expect(performance.now() - before).toBeLessThan(8000);
  });
});
