import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CompletionRecord } from '../../runner/src/domain/completionRecord';
import { localRun, main, treeOf, type LocalRun, type LocalRunOptions } from '../support/localRun';

const runs: LocalRun[] = [];
const make = async (train: string, options?: LocalRunOptions): Promise<LocalRun> => {
  const run = await localRun(train, options);
  runs.push(run);
  return run;
};
afterEach(async () => {
  for (const run of runs.splice(0)) await run.dispose();
});

type Expected = Partial<CompletionRecord>;
const check = (title: string, train: string, expected: Expected, options?: LocalRunOptions): void => {
  it(title, async () => {
    const run = await make(train, options);
    expect(await run.record()).toMatchObject(expected);
  });
};
const failed = (step: CompletionRecord['step'], rest: Expected = {}): Expected => ({
  outcome: 'failed',
  kind: 'code',
  step,
  ...rest,
});
const completed: Expected = { outcome: 'completed', step: 'done', kind: null, message: '' };

describe('ways to leave train()', () => {
  check(
    'sys.exit(0) before save() is a failure',
    main('sys.exit(0)'),
    failed('train', { exitCode: 0, message: 'train.py ended itself with sys.exit(0) in train().' }),
  );
  check('sys.exit(3) keeps its code', main('sys.exit(3)'), failed('train', { exitCode: 3 }));
  check(
    'sys.exit with a text is exit code 1',
    main('sys.exit("no data")'),
    failed('train', { exitCode: 1, message: "train.py ended itself with sys.exit('no data') in train()." }),
  );
  check('sys.exit in save() is a failure', main('pass', 'sys.exit(0)'), failed('save'));
  check(
    'os._exit(0) is a failure',
    main('os._exit(0)'),
    failed('train', { exitCode: 0, signal: null, exception: null }),
  );
  check(
    'exec of another program is told',
    main('os.execv("/bin/sleep", ["sleep", "0.5"])'),
    failed('train', {
      message: 'The training process was replaced by another program (exec) in train(), which ended with exit code 0.',
    }),
  );
  check('os.abort is SIGABRT', main('os.abort()'), failed('train', { signal: 'SIGABRT', exitCode: null }));
  check(
    'SIGKILL by its own hand is no lack of memory',
    main('os.kill(os.getpid(), 9)'),
    failed('train', { signal: 'SIGKILL', exitCode: null }),
  );
  check(
    'SIGTERM by its own hand is no interruption',
    main('os.kill(os.getpid(), 15); time.sleep(5)'),
    failed('train', { signal: 'SIGTERM' }),
  );
  check(
    'a KeyboardInterrupt is an exception',
    main('raise KeyboardInterrupt'),
    failed('train', { exitCode: 130, message: 'KeyboardInterrupt' }),
  );
  check(
    'a BaseException of its own is an exception',
    main('class Stop(BaseException): pass\nraise Stop("x")'),
    failed('train', { exitCode: 1 }),
  );
  check(
    'input() finds an empty standard input',
    main('input()'),
    failed('train', { message: 'EOFError: EOF when reading a line' }),
  );
  check(
    'os._exit in atexit, after save(), is a failure',
    main('import atexit\natexit.register(os._exit, 4)'),
    failed('done', { exitCode: 4 }),
  );
  check(
    'an exception in atexit fails no run, as it does not fail Python',
    main('import atexit\natexit.register(lambda: 1/0)'),
    completed,
  );
  check(
    'an exception in another thread fails no run',
    main('import threading\nthreading.Thread(target=lambda: 1/0).start()'),
    completed,
  );
  check(
    'a thread that goes on is waited for',
    main('import threading\nthreading.Thread(target=lambda: (time.sleep(0.3), open("late", "w").write("x"))).start()'),
    completed,
  );
  check('a MemoryError is out of memory', main('bytearray(1 << 60)'), {
    outcome: 'failed',
    kind: 'out-of-memory',
    step: 'train',
  });
});

describe('a crash', () => {
  it('shows where Python was', async () => {
    const run = await make(main('import ctypes\nctypes.string_at(0)'));
    const record = await run.record();
    expect(record).toMatchObject({ outcome: 'failed', kind: 'code', step: 'train', signal: 'SIGSEGV', exitCode: null });
    expect(record.message).toBe('Python crashed with a segmentation fault (SIGSEGV) in train().');
    expect(record.exception?.traceback[0]).toEqual({
      file: 'train.py',
      line: 5,
      function: 'train',
      text: 'ctypes.string_at(0)',
    });
    expect(await run.text('stderr')).toContain('Fatal Python error: Segmentation fault');
  });
});

describe('the contract, found out when run', () => {
  const contract = (step: CompletionRecord['step'], message: string): Expected => ({
    outcome: 'failed',
    kind: 'contract',
    step,
    message,
  });
  check('no Main', 'x = 1', contract('import', 'train.py defines no Main.'));
  check('Main is a number', 'Main = 3', contract('import', "Main in train.py is no class but 'int'."));
  check(
    'Main is a function that makes one',
    'def Main():\n  class M:\n    train = lambda s, d: None\n    save = lambda s: None\n  return M()',
    completed,
  );
  check('no train', 'class Main:\n  def save(self): pass', contract('init', 'Main has no train().'));
  check(
    'no save is found before hours of training',
    'class Main:\n  def train(self, d): raise ValueError',
    contract('init', 'Main has no save().'),
  );
  check(
    'a save that train() brings will do',
    'class Main:\n  def __getattr__(self, name): return lambda: None\n  def train(self, d): pass',
    completed,
  );
  check(
    'train = None',
    'class Main:\n  train = None\n  def save(self): pass',
    contract('init', "Main.train can't be called: it is 'NoneType'."),
  );
  check(
    'async train',
    'class Main:\n  async def train(self, d): pass\n  def save(self): pass',
    contract('train', 'Main.train(data_directory) is async: it would never be awaited.'),
  );
  check(
    'train that is a generator',
    'class Main:\n  def train(self, d): yield\n  def save(self): pass',
    contract('train', 'Main.train(data_directory) is a generator: its body would never run.'),
  );

  it('points at the __init__ that needs arguments', async () => {
    const run = await make(
      'class Main:\n  def __init__(self, a): pass\n  def train(self, d): pass\n  def save(self): pass',
    );
    const record = await run.record();
    expect(record).toMatchObject({ kind: 'contract', step: 'init' });
    expect(record.exception?.traceback).toEqual([
      { file: 'train.py', line: 2, function: '__init__', text: 'def __init__(self, a): pass' },
    ]);
  });

  check('a train without a parameter', 'class Main:\n  def train(self): pass\n  def save(self): pass', {
    kind: 'contract',
    step: 'train',
  });
  check(
    'a TypeError inside train() is the code’s',
    main('len(3)'),
    failed('train', { message: "TypeError: object of type 'int' has no len()" }),
  );
  check(
    'a TypeError inside __init__ is the code’s',
    'class Main:\n  def __init__(self): len(3)\n  def train(self, d): pass\n  def save(self): pass',
    failed('init'),
  );
  check(
    'an AttributeError of a property is the code’s',
    'class Main:\n  @property\n  def train(self): return None.x\n  def save(self): pass',
    failed('init'),
  );
});

describe('an exception', () => {
  it('has its frames, relative to the package, and its chain', async () => {
    const run = await make(main('import sub.load\nsub.load.load()'), {
      files: {
        'sub/load.py':
          'def load():\n    try:\n        {}["x"]\n    except KeyError as error:\n        raise RuntimeError("no data") from error\n',
      },
    });
    const { exception } = await run.record();
    expect(exception).toEqual({
      type: 'RuntimeError',
      message: 'no data',
      traceback: [
        { file: 'train.py', line: 5, function: 'train', text: 'sub.load.load()' },
        { file: 'sub/load.py', line: 5, function: 'load', text: 'raise RuntimeError("no data") from error' },
      ],
      chain: [
        { message: "KeyError: 'x'", traceback: [{ file: 'sub/load.py', line: 3, function: 'load', text: '{}["x"]' }] },
      ],
    });
    expect(await run.text('stderr')).toMatch(
      /^Traceback \(most recent call last\):\n {2}File ".*digits\/train.py", line 5, in train\n/m,
    );
    expect(await run.text('stderr')).not.toContain('training-pipelines>');
  });

  it('ends a SyntaxError with its own line', async () => {
    const run = await make('import other', { files: { 'other.py': 'x = 1\nif\n' } });
    const record = await run.record();
    expect(record).toMatchObject(failed('import'));
    expect(record.exception?.traceback.map(({ file, line }) => [file, line])).toEqual([
      ['train.py', 1],
      ['other.py', 2],
    ]);
  });

  it('has no chain where the code suppressed it', async () => {
    const run = await make(main('try: 1/0\nexcept ZeroDivisionError: raise ValueError("x") from None'));
    expect((await run.record()).exception?.chain).toEqual([]);
  });

  it('keeps the end of an endless recursion', async () => {
    const run = await make(main('def f(): f()\nf()'));
    const { exception } = await run.record();
    expect(exception?.type).toBe('RecursionError');
    expect(exception?.traceback.length).toBeLessThanOrEqual(101);
    expect(exception?.traceback.at(-1)).toMatchObject({ file: 'train.py', function: 'f' });
  });

  it('brings the frames of a worker process', async () => {
    const run = await make(
      `import concurrent.futures as c\ndef work(x): raise KeyError(x)\n${main('with c.ProcessPoolExecutor(1) as pool: list(pool.map(work, [1]))')}`,
    );
    const { exception } = await run.record();
    expect(exception?.chain[0]?.message).toBe('in a worker process: KeyError: 1');
    expect(exception?.chain[0]?.traceback.at(-1)).toMatchObject({ file: 'train.py', line: 2, function: 'work' });
  });

  check(
    'survives a __str__ that fails',
    main('class Odd(Exception):\n  def __str__(self): raise ValueError\nraise Odd'),
    failed('train'),
  );
  check(
    'is told where a module is missing',
    'import no_such_module',
    failed('import', { message: "ModuleNotFoundError: No module named 'no_such_module'" }),
  );
  check(
    'is told though the code closed every descriptor',
    main('os.closerange(3, 200)\nfor i in range(20): open("f%d" % i, "w")\nraise ValueError("x")'),
    failed('train', { message: 'ValueError: x' }),
  );
  check(
    'is told though the package has a traceback.py and a json.py of its own',
    main('raise ValueError("x")'),
    failed('train', { message: 'ValueError: x' }),
    { files: { 'traceback.py': 'raise SystemExit(9)', 'json.py': '' } },
  );
  check(
    'is told though the code replaced the standard streams',
    main('sys.stdout = sys.stderr = None\nraise ValueError("x")'),
    failed('train', { message: 'ValueError: x' }),
  );
  check(
    'does not wait for a thread without end',
    main('import threading\nthreading.Thread(target=time.sleep, args=(600,)).start()\nraise ValueError("x")'),
    failed('train', { message: 'ValueError: x', exitCode: 1 }),
  );
});

describe('processes that training code starts', () => {
  it('end with the run, in whatever session they are', async () => {
    const run = await make(
      main(
        'import subprocess\np = [subprocess.Popen(["sleep", "300"]), subprocess.Popen(["sleep", "300"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]\nprint(*[x.pid for x in p])',
      ),
    );
    const before = performance.now();
    expect(await run.record()).toMatchObject(completed);
    expect(performance.now() - before).toBeLessThan(5000);
    for (const pid of (await run.text()).trim().split(' ')) expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  it('do not run save() a second time', async () => {
    const run = await make(main('os.fork()', 'open("saves", "a").write("x")'));
    expect(await run.record()).toMatchObject(completed);
    expect(await run.text('stderr')).toContain('A forked process came back from the training code; it ends here.');
  });

  check('may fail on their own', main('if os.fork() == 0: raise ValueError("child")\nos.wait()'), completed);

  check(
    'work with spawn, fork and forkserver',
    `import multiprocessing as mp\ndef square(x): return x * x\n${main('for how in ("spawn", "fork", "forkserver"):\n  with mp.get_context(how).Pool(2) as pool: assert pool.map(square, [1, 2]) == [1, 4]')}`,
    completed,
  );

  it('are killed however fast they multiply', async () => {
    const run = await make(
      main(
        'for i in range(4): \n  if os.fork() == 0:\n    while True:\n      try:\n        if os.fork() == 0: time.sleep(60)\n        time.sleep(0.02)\n      except OSError: time.sleep(0.1)\ntime.sleep(60)',
      ),
      { timeoutSeconds: 1.5 },
    );
    expect(await run.record()).toMatchObject({ outcome: 'timed-out' });
  });
});

describe('the surroundings of the code', () => {
  it('are those of a plain script in the package', async () => {
    const run = await make(
      main(
        'import __main__\nassert sys.argv == ["train.py"]\nassert sys.path[0] == os.getcwd() == os.path.dirname(os.path.abspath(__file__))\nassert sys.stdin.read() == ""\nassert not [n for n in vars(__main__) if not n.startswith("__")], vars(__main__)\nassert data == os.path.join(os.getcwd(), "data")\nassert "PYTHONDONTWRITEBYTECODE" not in os.environ\nassert not [n for n in os.environ if n.startswith("TRAINING_PIPELINES")]\nassert "VIRTUAL_ENV" not in os.environ and os.environ["KEEP"] == "1"\nassert os.environ["rate"] == "0.1" and os.environ["save_training_data"] == "false"',
      ),
      {
        parameters: { rate: '0.1' },
        environment: {
          ...process.env,
          KEEP: '1',
          VIRTUAL_ENV: '/x',
          PYTHONDONTWRITEBYTECODE: '1',
          TRAINING_PIPELINES_X: '1',
        },
      },
    );
    expect(await run.record()).toMatchObject(completed);
  });

  it('have a folder for artifacts that is empty and there', async () => {
    const run = await make(main('assert os.listdir("artifacts") == []'), { files: { 'artifacts/shipped.txt': 'x' } });
    expect(await run.record()).toMatchObject({ ...completed, artifacts: false });
    const { staging } = await run.collect();
    expect(await treeOf(staging)).toEqual(['package/model.txt', 'package/train.py']);
  });

  it('may hold the artifacts deeper down', async () => {
    const run = await make(main('open("out/deep/a", "w").write("a")'), { artifactsDirectory: 'out/deep' });
    expect(await run.record()).toMatchObject({ ...completed, artifacts: true });
    const { staging } = await run.collect();
    expect(await treeOf(staging)).toEqual(['artifacts/a', 'package/model.txt', 'package/train.py']);
    expect(existsSync(join(staging, 'package/out'))).toBe(false);
  });
});

describe('what the code leaves', () => {
  it('is collected though the code locked it', async () => {
    const run = await make(
      main(
        'os.makedirs("locked/in")\nopen("locked/in/f", "w").write("1")\nfor p in ("locked/in/f", "locked/in", "locked", "."): os.chmod(p, 0)',
        'pass',
      ),
    );
    expect(await run.record()).toMatchObject(completed);
    const { staging } = await run.collect();
    expect(await treeOf(staging)).toEqual(['package/locked/in/f', 'package/train.py']);
  });

  it('is collected without pipes, sockets and names that are no text, each with a warning', async () => {
    const run = await make(
      main(
        'os.mkfifo("pipe")\nos.symlink("model.txt", "link")\nos.symlink(os.path.abspath("model.txt"), "absolute")\nopen(b"caf\\xe9", "w").close()',
      ),
    );
    expect(await run.record()).toMatchObject(completed);
    const { staging, warnings } = await run.collect();
    expect(await treeOf(staging)).toEqual([
      'package/absolute',
      'package/link',
      'package/model.txt',
      'package/train.py',
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['output-skipped', 'output-skipped']);
  });

  check('may be without the artifacts folder', main('os.rmdir("artifacts")'), { ...completed, artifacts: false });
  check(
    'has no artifacts where the folder became a link',
    main('os.rmdir("artifacts"); os.symlink("/etc", "artifacts")'),
    { ...completed, artifacts: false },
  );
});
