import { describe, expect, test } from 'vitest';
import type { CommandContext, GlobalOptions } from '../../../runner/src/cli/commandContext';
import { fail } from '../../../runner/src/cli/fail';
import { createProgram } from '../../../runner/src/cli/program';
import { ExpectedError } from '../../../runner/src/domain/errors';
import { silentLog } from '../../../runner/src/domain/log';
import { cause } from '../../../runner/src/domain/run';
import { aFinding, aRun, aSuccess, aVersion, FakeRunner } from '../../support/fakeRunner';
import { fakeTerminal } from '../../support/fakeTerminal';

class Scene {
  readonly runner = new FakeRunner();
  readonly interrupts = new Set<() => void>();
  readonly hangUps = new Set<() => void>();
  readonly detached: { readonly parameters: readonly string[]; readonly secrets: unknown }[] = [];
  readonly checked: unknown[] = [];
  readonly environment: Record<string, string> = { TOKEN: 'secret' };
  findings = [aFinding()];

  interrupt(): void {
    for (const handle of this.interrupts) handle();
  }

  hangUp(): void {
    for (const handle of this.hangUps) handle();
  }

  async call(...words: string[]): Promise<{ code: number | undefined; out: string; err: string }> {
    let code: number | undefined;
    let help = '';
    let used = fakeTerminal({ json: words.includes('--json') });
    const context = (options: GlobalOptions): CommandContext => {
      used = fakeTerminal({ json: options.json ?? false, quiet: options.quiet ?? false });
      return this.context(used.terminal);
    };
    const program = createProgram({
      version: '1.2.3',
      context,
      onExit: (found) => (code = found),
      writeOut: (text) => (help += text),
    });
    try {
      await program.parseAsync(words, { from: 'user' });
    } catch (error) {
      code = fail(error, used.terminal, silentLog);
    }
    return { code, out: help + used.out(), err: used.err() };
  }

  private context(terminal: CommandContext['terminal']): CommandContext {
    const listen = (all: Set<() => void>) => (handle: () => void) => {
      all.add(handle);
      return { dispose: () => void all.delete(handle) };
    };
    return {
      terminal,
      version: '1.2.3',
      currentFolder: '/work space',
      environment: this.environment,
      runner: () => Promise.resolve(this.runner),
      workspace: () => Promise.resolve('/work space'),
      checker: {
        check: (request) => {
          this.checked.push(request);
          return Promise.resolve(this.findings);
        },
        discover: () => Promise.resolve(['/work space/digits']),
        reads: () => Promise.resolve([]),
      },
      signals: { onInterrupt: listen(this.interrupts), onHangUp: listen(this.hangUps) },
      detach: (parameters, secrets) => {
        this.detached.push({ parameters, secrets });
        return Promise.resolve();
      },
    };
  }
}

const document = (text: string): unknown => JSON.parse(text) as unknown;
const startWords = ['run', 'digits', '--dataset', 'data'];

describe('usage', () => {
  test.each<[string, string[], RegExp]>([
    ['an unknown command', ['bogus'], /^Unknown command 'bogus'\.$/],
    ['an unknown option', ['runs', '--bogus'], /^Unknown option '--bogus'\.$/],
    ['a missing argument', ['show'], /^Missing required argument 'run-or-version'\.$/],
    ['an argument too many', ['runs', 'x'], /^Too many arguments/],
    ['a missing value', ['run', '--dataset'], /argument missing\.$/],
    ['a missing option', ['prune'], /--keep/],
    ['a choice that is none', ['check', '--format', 'xml'], /text, json, sarif/],
    ['no command', ['--quiet'], /^No command was given\.$/],
    ['an empty option', ['run', '--dataset', ''], /^--dataset is empty\.$/],
    ['an empty option of every command', ['--store', '', 'runs'], /^--store is empty\.$/],
    ['an empty argument', ['show', ''], /^An argument is empty\.$/],
    ['a shell that is none', ['completion', 'tcsh'], /bash, zsh, fish, powershell/],
  ])('%s is usage, exit 2, in both forms', async (_, words, message) => {
    const plain = await new Scene().call(...words);
    expect(plain).toMatchObject({ code: 2, out: '' });
    expect(plain.err).toMatch(/^error: .+\n.*--help|^error: .+\nGive it a value/);
    const { code, out, err } = await new Scene().call(...words, '--json');
    expect({ code, err }).toEqual({ code: 2, err: '' });
    expect(document(out)).toEqual({
      error: { code: 'usage', message: expect.stringMatching(message), hint: expect.any(String) },
    });
  });

  test('a word that is nearly an option is suggested', async () => {
    expect((await new Scene().call('runs', '--jso')).err).toContain('Did you mean --json?');
  });

  test.each([[['--help']], [['run', '--help']], [['--version']], [['run', '--version']]])(
    '%j is no error',
    async (words) => {
      const { code, out, err } = await new Scene().call(...words);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).not.toBe('');
    },
  );

  test('options of every command stand before or after it', async () => {
    for (const words of [
      ['--json', 'runs'],
      ['runs', '--json'],
    ]) {
      expect(document((await new Scene().call(...words)).out)).toEqual({ runs: [] });
    }
  });

  test('a bug is one plain line and exit 3', async () => {
    const { code, out, err } = await new Scene().call('engines');
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(/^error: Something unexpected happened: .+\n.+TRAINING_PIPELINES_DEBUG/);
  });
});

describe('run', () => {
  test('ends with the run and its exit code', async () => {
    const scene = new Scene();
    scene.runner.onDriven = (driven) => {
      driven.events.onLog?.({ runId: driven.id, time: 0, stream: 'stdout', bytes: Buffer.from('epoch 1\n') });
      driven.end(aSuccess());
    };
    const { code, out, err } = await scene.call(...startWords, '--json');
    expect(code).toBe(0);
    expect(document(out)).toEqual(aSuccess());
    expect(err).toBe('epoch 1\n');
  });

  test.each([
    [aSuccess({ state: 'Failed', version: '', cause: cause('code', 'ValueError: x') }), 1],
    [aSuccess({ state: 'Failed', version: '', cause: cause('timed-out', 'Too long.') }), 1],
    [aSuccess({ state: 'Failed', version: '', cause: cause('invalid-output', 'No train.py.') }), 1],
    [aSuccess({ state: 'Failed', version: '', cause: cause('requirements', 'pip.') }), 3],
    [aSuccess({ state: 'Failed', version: '', cause: cause('lost', 'Gone.') }), 3],
    [aSuccess({ state: 'Failed', version: '', cause: cause('engine', 'Gone.') }), 3],
    [aSuccess({ state: 'Killed', version: '', cause: cause('killed', 'Stopped.') }), 130],
    [aRun({ state: 'Finalizing', problem: { code: 'disk-full', message: 'No room.', hint: '' } }), 3],
  ])('%#: exit code of an ending', async (run, expected) => {
    const scene = new Scene();
    scene.runner.onDriven = (driven) => driven.end(run);
    const { code, out } = await scene.call(...startWords, '--json');
    expect(code).toBe(expected);
    expect(document(out)).toEqual(run);
  });

  test('the summary says what came of it, with the user’s line first', async () => {
    const scene = new Scene();
    const frame = { file: 'train.py', line: 8, function: 'train', text: '    self.fit()' };
    const library = { file: '/lib/torch.py', line: 1, function: 'linear', text: '' };
    const why = cause('code', 'RuntimeError: no', {
      traceback: [frame, library],
      hint: 'Look again.',
      chain: [{ message: 'KeyError: k', traceback: [] }],
    });
    scene.runner.onDriven = (driven) => driven.end(aSuccess({ state: 'Failed', version: '', cause: why }));
    const lines = (await scene.call(...startWords)).out.replaceAll('\u00a0', ' ').split('\n');
    expect(lines.slice(0, 6)).toEqual([
      'Failed after 6.2 s: digits 1.0',
      '  train.py line 8 raised RuntimeError: no.',
      '    train.py:8 in train: self.fit()',
      '    and 1 frame of libraries (see the log)',
      '  It came from KeyError: k',
      '  Look again.',
    ]);
    expect(lines).toContain('  log:       .training-pipelines/runs/20260102-101500-000-abc123/log.txt');
  });

  test('a warning is told once: when it comes, or in the summary of --quiet', async () => {
    const scene = new Scene();
    const warned = { warnings: [{ code: 'no-isolation', message: 'Nothing is isolated.' }] };
    scene.runner.onDriven = (driven) => {
      driven.events.onRun?.(aRun(warned));
      driven.events.onRun?.(aRun({ ...warned, state: 'Finalizing' }));
      driven.end(aSuccess(warned));
    };
    const loud = await scene.call(...startWords);
    expect((loud.out + loud.err).split('Nothing is isolated.')).toHaveLength(2);
    const quiet = await scene.call(...startWords, '--quiet');
    expect(quiet.err).toBe('');
    expect(quiet.out.split('Nothing is isolated.')).toHaveLength(2);
  });

  test('what is refused is an error document', async () => {
    const scene = new Scene();
    scene.runner.refusal = new ExpectedError('gpu-unavailable', 'docker reports no GPU.', 'Use no GPU.');
    const { code, out } = await scene.call(...startWords, '--json');
    expect(code).toBe(3);
    expect(document(out)).toEqual({
      error: { code: 'gpu-unavailable', message: 'docker reports no GPU.', hint: 'Use no GPU.' },
    });
  });
});

describe('signals', () => {
  test('Ctrl-C stops the run, a second one kills it at once, and its end is waited for', async () => {
    const scene = new Scene();
    const killed = aSuccess({ state: 'Killed', version: '', cause: cause('killed', 'Stopped.') });
    scene.runner.onDriven = (driven) => {
      scene.interrupt();
      scene.interrupt();
      driven.end(killed);
    };
    const { code, out } = await scene.call(...startWords, '--json');
    expect(code).toBe(130);
    expect(document(out)).toEqual(killed);
    expect(scene.runner.driven[0]?.stops).toEqual([false, true]);
    expect(scene.interrupts.size).toBe(0);
  });

  test('Ctrl-C just when the run has started stops it', async () => {
    const scene = new Scene();
    const start = scene.runner.start.bind(scene.runner);
    scene.runner.start = (request, events) => {
      scene.interrupt();
      return start(request, events);
    };
    scene.runner.onDriven = (driven) => driven.end(aSuccess({ state: 'Killed', version: '' }));
    expect((await scene.call(...startWords)).code).toBe(130);
    expect(scene.runner.driven[0]?.stops).toEqual([false]);
  });

  test('Ctrl-C before there is a run gives it up: one document, exit 130', async () => {
    const scene = new Scene();
    scene.runner.start = () => {
      scene.interrupt();
      return Promise.reject(new Error('aborted'));
    };
    const { code, out } = await scene.call(...startWords, '--json');
    expect(code).toBe(130);
    expect(document(out)).toMatchObject({ error: { code: 'cancelled' } });
  });

  test('SIGHUP while the run starts is not forgotten', async () => {
    const scene = new Scene();
    const start = scene.runner.start.bind(scene.runner);
    scene.runner.start = (request, events) => {
      scene.hangUp();
      return start(request, events);
    };
    expect((await scene.call(...startWords)).code).toBe(129);
    expect(scene.runner.driven[0]).toMatchObject({ released: true, stops: [] });
  });

  test('SIGHUP leaves it running, and a process in the background takes it to its end', async () => {
    const scene = new Scene();
    const unwatched = aRun({ problem: { code: 'unwatched', message: 'Nobody watches.', hint: '' } });
    scene.runner.all = [unwatched];
    scene.runner.onDriven = () => scene.hangUp();
    const { code, out } = await scene.call(...startWords, '--secret', 'TOKEN', '--json');
    expect(code).toBe(129);
    expect(document(out)).toEqual({ ...unwatched, problem: null });
    expect(scene.runner.driven[0]).toMatchObject({ released: true, stops: [] });
    expect(scene.detached).toEqual([{ parameters: ['attach', unwatched.id, '--quiet'], secrets: { TOKEN: 'secret' } }]);
  });

  test('Ctrl-C in attach ends the watching alone; nothing is started where another process drives the run', async () => {
    const scene = new Scene();
    scene.runner.all = [aRun()];
    scene.runner.onDriven = () => scene.interrupt();
    const { code, out } = await scene.call('attach', '--json');
    expect(code).toBe(130);
    expect(document(out)).toEqual(aRun());
    expect(scene.runner.driven[0]).toMatchObject({ released: true, stops: [] });
    expect(scene.detached).toEqual([]);
  });

  test('Ctrl-C in attach does not leave a run alone that it drove', async () => {
    const scene = new Scene();
    scene.runner.all = [aRun({ problem: { code: 'unwatched', message: 'Nobody watches.', hint: '' } })];
    scene.runner.onDriven = () => scene.interrupt();
    await scene.call('attach', '--json');
    expect(scene.detached).toHaveLength(1);
  });
});

describe('other commands', () => {
  test('--detach prints the run as it is and leaves it to the background', async () => {
    const scene = new Scene();
    scene.runner.all = [aRun({ problem: { code: 'unwatched', message: 'Nobody watches.', hint: '' } })];
    const { code, out } = await scene.call(...startWords, '--detach', '--json');
    expect(code).toBe(0);
    expect(document(out)).toEqual(aRun());
    expect(scene.detached).toHaveLength(1);
  });

  test('attach hands over the secrets that the environment has', async () => {
    const scene = new Scene();
    scene.runner.all = [aRun({ parameters: { TOKEN: '***' } })];
    scene.runner.onDriven = (driven) => driven.end(aSuccess());
    expect((await scene.call('attach')).code).toBe(0);
    expect(scene.runner.attached).toEqual([{ id: aRun().id, secrets: { TOKEN: 'secret' } }]);
  });

  test('attach without a run in progress is run-missing', async () => {
    const { code, out } = await new Scene().call('attach', '--json');
    expect(code).toBe(2);
    expect(document(out)).toMatchObject({ error: { code: 'run-missing' } });
  });

  test('show prints a run also with --quiet; stop ends with 0', async () => {
    const scene = new Scene();
    scene.runner.all = [aSuccess()];
    expect((await scene.call('show', aSuccess().id, '--quiet')).out).toMatch(/^Successful/);
    expect((await scene.call('stop', aSuccess().id)).code).toBe(0);
  });

  test('lists are tables for people and documents for programs', async () => {
    const scene = new Scene();
    scene.runner.all = [aSuccess()];
    scene.runner.allVersions = [aVersion()];
    expect((await scene.call('runs')).out).toMatch(
      /^RUN +PIPELINE +STATE.*\n20260102-101500-000-abc123 {2}digits 1\.0 → 1\.1 {2}Successful/,
    );
    expect((await scene.call('versions')).out).toContain('digits@1.1  trained from 1.0');
    expect(document((await scene.call('versions', '--json')).out)).toEqual({ versions: [aVersion()] });
  });

  test('verify names what differs, and ends with 1', async () => {
    const { code, out } = await new Scene().call('verify');
    expect(code).toBe(1);
    expect(out).toContain('digits@1.1 is not what was sealed: model.pt');
  });

  test('verify wants a version, not a package', async () => {
    expect(document((await new Scene().call('verify', 'digits', '--json')).out)).toMatchObject({
      error: { code: 'usage' },
    });
  });
});

describe('check', () => {
  test('checks every package of the workspace, with exit 1 on an error', async () => {
    const scene = new Scene();
    const { code, out } = await scene.call('check', '--json');
    expect(code).toBe(1);
    expect(document(out)).toEqual({ findings: [aFinding()] });
    expect(scene.checked).toMatchObject([{ packages: ['/work space/digits'], configured: false, upload: false }]);
  });

  test('ends with 0 on warnings', async () => {
    const scene = new Scene();
    scene.findings = [aFinding({ severity: 'warning' })];
    expect((await scene.call('check')).code).toBe(0);
  });

  test('a published name stands for its folder, in whatever case, and a folder that is named twice is checked once', async () => {
    const scene = new Scene();
    await scene.call('check', 'Digits', './src/digits', '--upload');
    expect(scene.checked).toMatchObject([{ packages: ['/work space/src/digits'], configured: true, upload: true }]);
  });

  test('text names place, severity and code', async () => {
    const { out } = await new Scene().call('check');
    expect(out).toBe('digits/train.py:4:7: error: Main has no save(self). [save-missing]\n');
  });

  test('--format sarif prints SARIF, also with --json', async () => {
    for (const more of [[], ['--json']]) {
      const { code, out } = await new Scene().call('check', '--format', 'sarif', ...more);
      expect(code).toBe(1);
      expect(document(out)).toMatchObject({ version: '2.1.0' });
    }
  });
});
