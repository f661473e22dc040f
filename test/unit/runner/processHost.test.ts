import { describe, expect, it } from 'vitest';
import { hostEnvironment } from '../../../runner/src/engine/process/hostEnvironment';
import { failureOf, InstallWatcher } from '../../../runner/src/engine/process/installerOutput';
import { fits, isNewEnough } from '../../../runner/src/engine/process/interpreter';
import { parsePipConfig, translateSettings } from '../../../runner/src/engine/process/pipSettings';
import { namesOtherFiles } from '../../../runner/src/engine/process/prepareEnvironment';
import { visibleDevices } from '../../../runner/src/engine/process/startRun';
import { parseGpus } from '../../../runner/src/engine/process/nvidia';

describe('the environment that a local run inherits', () => {
  it('has no PYTHON variables and no virtual environment', () => {
    const environment = hostEnvironment(
      {
        PATH: '/home/me/venv/bin:/opt/conda/bin:/usr/bin',
        VIRTUAL_ENV: '/home/me/venv',
        CONDA_PREFIX: '/opt/conda',
        CONDA_DEFAULT_ENV: 'base',
        PYTHONPATH: '/x',
        PYTHONHASHSEED: '0',
        PIP_INDEX_URL: 'https://example.org',
        HOME: '/home/me',
        ELECTRON_RUN_AS_NODE: '1',
        python_like: 'kept',
        NODE_OPTIONS: '--kept',
        GONE: undefined,
      },
      false,
    );
    expect(environment).toEqual({
      PATH: '/usr/bin',
      PIP_INDEX_URL: 'https://example.org',
      HOME: '/home/me',
      python_like: 'kept',
      NODE_OPTIONS: '--kept',
    });
  });

  it('shows the GPUs that were asked for', () => {
    expect(visibleDevices({ kind: 'none' })).toBe('');
    expect(visibleDevices({ kind: 'all' })).toBeUndefined();
    expect(visibleDevices({ kind: 'count', count: 2 })).toBe('0,1');
    expect(visibleDevices({ kind: 'ids', ids: ['1', 'GPU-x'] })).toBe('1,GPU-x');
  });
});

describe('Python versions', () => {
  it('fit from 3.8 on', () => {
    expect(['2.7.18', '3.7.9', '3.8.0', '3.14.1', '4.0.0'].map(isNewEnough)).toEqual([false, false, true, true, true]);
  });

  it('are compared part by part', () => {
    expect(fits('3.11.7', '3.11')).toBe(true);
    expect(fits('3.11.7', '3.1')).toBe(false);
    expect(fits('3.11.7', '3.11.7')).toBe(true);
    expect(fits('3.11.7', '3')).toBe(true);
    expect(fits('3.11.7', '')).toBe(true);
  });
});

describe('what an installer says', () => {
  const failure = (output: string): string => failureOf(output, undefined).message;

  it('names the requirement that failed', () => {
    expect(failure('ERROR: No matching distribution found for torch==9.9 (from -r requirements.txt (line 2))')).toBe(
      'The requirement torch==9.9 was not found for this Python.',
    );
    expect(failure('  ERROR: Failed building wheel for dlib\nERROR: Could not build')).toBe(
      'The requirement dlib could not be built.',
    );
    expect(failure('  × Failed to build `dlib==19.1`\n  ├─▶ error')).toBe(
      'The requirement dlib==19.1 could not be built.',
    );
    expect(
      failure('ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.'),
    ).toBe('The requirements contradict each other: a==1 and b==2.');
    expect(failure('  ╰─▶ Because nope was not found in the package registry and you require nope')).toBe(
      'The requirement nope was not found, or contradicts another one.',
    );
  });

  it('tells a network that is down from a name that is wrong', () => {
    const output =
      'NewConnectionError: Temporary failure in name resolution\nERROR: No matching distribution found for six';
    expect(failureOf(output, undefined).hint).toContain('cannot be reached');
  });

  it('falls back to the last error', () => {
    expect(failure('noise\nerror: something odd\nmore noise')).toContain('error: something odd');
    expect(failure('')).toContain('without a word');
  });

  it('becomes progress, also in pieces', () => {
    const seen: string[] = [];
    const watcher = new InstallWatcher(2, ({ text }) => seen.push(text));
    watcher.push('Collecting num');
    watcher.push(
      'py>=1 (from -r requirements.txt)\nProcessing /wheels/tiny-1.0-py3-none-any.whl (from -r x)\nCollecting joblib>=1\nnoise\n',
    );
    watcher.push('Installing collected packages: a, b, c\nResolved 12 packages in 3ms\n');
    expect(seen).toEqual([
      'installing numpy, 1 of 2',
      'installing tiny, 2 of 2',
      'installing joblib, 3 of 3',
      'installing 3 packages',
      'installing 12 packages',
    ]);
  });
});

describe('pip settings for uv', () => {
  it('are translated, the environment’s over the files’', () => {
    const settings = parsePipConfig(
      "global.index-url='https://a/simple'\n:env:.index-url='https://b/simple'\nglobal.timeout='9'\nfreeze.x='1'\n",
    );
    expect(translateSettings(settings, { HOME: '/h' })).toEqual({ HOME: '/h', UV_DEFAULT_INDEX: 'https://b/simple' });
  });

  it('leave it to pip where uv has no word for one', () => {
    expect(translateSettings(new Map([['proxy', 'http://p']]), {})).toBeUndefined();
    expect(translateSettings(new Map([['client-cert', 'x']]), {})).toBeUndefined();
  });
});

describe('requirements', () => {
  it('may lead to other files of the package', () => {
    const leading = [
      '-r more.txt',
      '-c limits.txt',
      '-e .',
      './wheel.whl',
      'x @ file:///a',
      'lib/a.whl',
      '--requirement=x.txt',
    ];
    expect(leading.filter((line) => !namesOtherFiles(line))).toEqual([]);
    const plain = [
      'numpy>=1',
      '# -r more.txt',
      'x @ https://a/b',
      '--index-url https://a',
      'requests[security] ; python_version < "3.9"',
    ];
    expect(plain.filter(namesOtherFiles)).toEqual([]);
  });
});

describe('the GPUs of nvidia-smi', () => {
  it('are read line by line, with memory where it is told', () => {
    expect(parseGpus('0, GPU-a, NVIDIA A100, 40960\nNo devices\n1, GPU-b, NVIDIA GB10, [N/A]\n')).toEqual([
      { id: '0', uuid: 'GPU-a', model: 'NVIDIA A100', memory: 40960 * 1024 * 1024 },
      { id: '1', uuid: 'GPU-b', model: 'NVIDIA GB10', memory: null },
    ]);
  });
});
