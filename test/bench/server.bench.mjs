/**
 * Our language server beside pyright's and ruff's, over stdio as an editor speaks, in one run on one machine: only the ratios count.
 * `node test/bench/server.bench.mjs [--keys N] [--servers ours,ruff,pyright] [--dist DIR] [--json FILE]`. Peers are installed into a cache folder
 * on demand, by npm and pip.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const keys = Number(option('keys', '200'));
const wanted = option('servers', 'ours,ruff,pyright').split(',');

const dist = resolve(option('dist', join(root, 'dist')));
if (!existsSync(join(dist, 'server.js'))) throw new Error(`no server in ${dist}: npm run build makes it`);
const cache = join(tmpdir(), 'training-pipelines-bench');

function pyright() {
  const script = join(cache, 'pyright/node_modules/pyright/langserver.index.js');
  if (!existsSync(script)) {
    mkdirSync(join(cache, 'pyright'), { recursive: true });
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    execFileSync(npm, ['install', '--prefix', join(cache, 'pyright'), '--no-audit', '--no-fund', 'pyright@1.1.411'], {
      stdio: 'inherit',
    });
  }
  return [process.execPath, script, '--stdio'];
}

function ruff() {
  const program = join(cache, 'ruff/bin/ruff');
  if (!existsSync(program)) {
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--target', join(cache, 'ruff'), 'ruff'], {
      stdio: 'inherit',
    });
  }
  return [program, 'server'];
}

const commands = {
  ours: () => [process.execPath, join(dist, 'server.js'), '--stdio'],
  ruff,
  pyright,
};

/** A package of about `lines` lines: functions and classes as people write them, with a Main at the end. */
function source(lines) {
  const parts = ['import os', 'import json', '', ''];
  for (let index = 0; parts.length < lines - 30; index++) {
    parts.push(
      `def prepare_${index}(rows, limit=${index}):`,
      `    """Prepares rows for step ${index}."""`,
      '    kept = []',
      '    for row in rows:',
      `        if row["value"] > limit and row.get("name", "") != "step ${index}":`,
      '            kept.append({"name": row["name"], "value": row["value"] * 2})',
      '        elif row is None:',
      '            continue',
      '    return sorted(kept, key=lambda row: row["value"])[: limit + 1]',
      '',
      '',
      `class Step${index}:`,
      `    name = "step ${index}"`,
      '',
      '    def __init__(self, size=3):',
      '        self.size = size',
      '        self.weights = [0.0 for _ in range(size)]',
      '',
      '    def forward(self, values):',
      '        total = sum(value * weight for value, weight in zip(values, self.weights))',
      '        return total if total > 0 else 0.0',
      '',
      '',
    );
  }
  parts.push(
    'class Main:',
    '    def __init__(self):',
    '        self.model = None',
    '',
    '    def train(self, data_directory):',
    '        rows = json.load(open(os.path.join(data_directory, "rows.json")))',
    '        self.model = prepare_0(rows)',
    '        print(os.environ["artifact_directory"], undefined_name)',
    '',
    '    def save(self):',
    '        json.dump(self.model, open("model.json", "w"))',
    '',
  );
  return parts.join('\n');
}

/** Speaks the Language Server Protocol with a child process. */
class Client {
  #buffer = Buffer.alloc(0);
  #waiting = new Map();
  #pushed = [];
  #id = 0;
  constructor([program, ...args], cwd) {
    this.startedAt = performance.now();
    this.child = spawn(program, args, { cwd, stdio: ['pipe', 'pipe', 'ignore'] });
    this.child.stdout.on('data', (chunk) => this.#read(chunk));
  }
  #read(chunk) {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const head = this.#buffer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.subarray(0, head).toString())?.[1]);
      if (this.#buffer.length < head + 4 + length) return;
      const message = JSON.parse(this.#buffer.subarray(head + 4, head + 4 + length).toString());
      this.#buffer = this.#buffer.subarray(head + 4 + length);
      this.#take(message);
    }
  }
  #take(message) {
    if (message.method !== undefined && message.id !== undefined) {
      const items = message.params?.items?.map(() => ({})) ?? null;
      this.#send({ id: message.id, result: message.method === 'workspace/configuration' ? items : null });
    } else if (message.method === 'textDocument/publishDiagnostics') {
      const { version, diagnostics } = message.params;
      for (const waiter of this.#pushed.splice(0)) {
        if (version === undefined || version >= waiter.version) waiter.done(diagnostics);
        else this.#pushed.push(waiter);
      }
    } else if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    }
  }
  #send(message) {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }
  notify(method, params) {
    this.#send({ method, params });
  }
  request(method, params) {
    const id = ++this.#id;
    return new Promise((done, fail) => {
      this.#waiting.set(id, (message) =>
        message.error === undefined ? done(message.result) : fail(new Error(message.error.message)),
      );
      this.#send({ id, method, params });
    });
  }
  /** Diagnostics of the version, pulled where the server offers it. */
  async diagnostics(uri, version) {
    if (this.pulls) return (await this.request('textDocument/diagnostic', { textDocument: { uri } })).items ?? [];
    return new Promise((done) => this.#pushed.push({ version, done }));
  }
  async initialize(folder) {
    const uri = pathToFileURL(folder).href;
    const { capabilities } = await this.request('initialize', {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{ uri, name: 'bench' }],
      capabilities: {
        workspace: { configuration: true, workspaceFolders: true },
        textDocument: { diagnostic: {}, publishDiagnostics: { versionSupport: true }, synchronization: {} },
      },
    });
    this.pulls = capabilities.diagnosticProvider !== undefined;
    this.notify('initialized', {});
  }
  memory() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000;
  }
  async stop() {
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGKILL');
    await ended;
  }
}

const quantile = (times, part) =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))];

async function measure(name, lines, count) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const text = source(lines);
  const path = join(folder, 'train.py');
  writeFileSync(path, text);
  const uri = pathToFileURL(path).href;
  const client = new Client(commands[name](), folder);
  try {
    await client.initialize(folder);
    client.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'python', version: 1, text } });
    const first = await client.diagnostics(uri, 1);
    const start = performance.now() - client.startedAt;
    // In the middle of the file, as a statement of its own is typed.
    const line = Math.floor(text.split('\n').length / 2);
    const near = text.split('\n').findIndex((one, index) => index >= line && one === '    kept = []') + 1;
    const typed = '    limit = max(limit, [1, 2][0])\n';
    let character = 0;
    let at = near;
    const times = [];
    for (let key = 0; key < count; key++) {
      const letter = typed[key % typed.length];
      const place = { line: at, character };
      const before = performance.now();
      client.notify('textDocument/didChange', {
        textDocument: { uri, version: key + 2 },
        contentChanges: [{ range: { start: place, end: place }, text: letter }],
      });
      await client.diagnostics(uri, key + 2);
      times.push(performance.now() - before);
      if (letter === '\n') {
        at++;
        character = 0;
      } else character++;
    }
    const steady = times.slice(Math.min(10, Math.floor(times.length / 4)));
    return {
      start,
      findings: first.length,
      p50: quantile(steady, 0.5),
      p99: quantile(steady, 0.99),
      memory: client.memory(),
    };
  } finally {
    await client.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function nodeStart() {
  const times = Array.from({ length: 5 }, () => {
    const before = performance.now();
    execFileSync(process.execPath, ['-e', '0']);
    return performance.now() - before;
  });
  return quantile(times, 0.5);
}

const results = {};
for (const lines of [200, 12_500]) {
  for (const name of wanted) {
    // pyright needs seconds for a key on the large file.
    const count = name === 'pyright' ? (lines > 1_000 ? 6 : 40) : keys;
    results[name] ??= {};
    results[name][lines] = await measure(name, lines, count);
  }
}

const fixed = (value, digits = 1) => value.toFixed(digits).padStart(9);
console.log(`Node's own start: ${nodeStart().toFixed(0)} ms`);
console.log('server    lines    first ms   key p50   key p99    RSS MB  findings');
for (const [name, sizes] of Object.entries(results)) {
  for (const [lines, { start, p50, p99, memory, findings }] of Object.entries(sizes)) {
    console.log(
      name.padEnd(9),
      lines.padStart(5),
      fixed(start),
      fixed(p50, 2),
      fixed(p99, 2),
      fixed(memory),
      String(findings).padStart(9),
    );
  }
}
for (const peer of wanted.filter((name) => name !== 'ours' && results.ours !== undefined)) {
  for (const lines of [200, 12_500]) {
    const [one, other] = [results.ours[lines], results[peer][lines]];
    const ratio = (key) => (one[key] / other[key]).toFixed(3);
    console.log(
      `ours / ${peer}, ${lines} lines: first ${ratio('start')}, key ${ratio('p50')}, p99 ${ratio('p99')}, memory ${ratio('memory')}`,
    );
  }
}
const file = option('json', '');
if (file !== '') writeFileSync(file, JSON.stringify(results, undefined, 2));
