/** The built command line, called from outside in a workspace of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly answer: Promise<Answer>;
  /** Resolves once stderr or stdout holds the text. */
  until(text: string): Promise<void>;
}

export class CommandLine {
  private constructor(
    readonly folder: string,
    private readonly environment: Readonly<Record<string, string | undefined>>,
  ) {}

  static async make(environment: Readonly<Record<string, string | undefined>> = {}): Promise<CommandLine> {
    return new CommandLine(await mkdtemp(join(tmpdir(), 'tp-cli-')), environment);
  }

  /** The same workspace, with more or other variables. */
  with(environment: Readonly<Record<string, string | undefined>>): CommandLine {
    return new CommandLine(this.folder, { ...this.environment, ...environment });
  }

  async write(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.folder, path)), { recursive: true });
      await writeFile(join(this.folder, path), content);
    }
  }

  start(...args: string[]): Started {
    const env = { ...process.env, NO_COLOR: '1', ...this.environment };
    const child = spawn(process.execPath, [program, ...args], {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    const watchers = new Set<() => void>();
    const take = (add: (text: string) => void) => (text: string) => {
      add(text);
      for (const watcher of watchers) watcher();
    };
    child.stdout.setEncoding('utf8').on(
      'data',
      take((text) => (out += text)),
    );
    child.stderr.setEncoding('utf8').on(
      'data',
      take((text) => (err += text)),
    );
    const answer = new Promise<Answer>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
    const until = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!out.includes(text) && !err.includes(text)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
        void answer.then(() => reject(new Error(`ended without "${text}": ${err}`)));
      });
    return { child, answer, until };
  }

  run(...args: string[]): Promise<Answer> {
    return this.start(...args).answer;
  }

  /** The one document of `--json`. */
  async json(...args: string[]): Promise<{ code: number | null; document: unknown; err: string }> {
    const { code, out, err } = await this.run(...args, '--json');
    return { code, document: JSON.parse(out) as unknown, err };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A package whose training is these lines. */
export const train = (body: string, save = 'pass', head = ''): string => `import os, sys, time
${head}
class Main:
    def train(self, data_directory):
${indent(body)}
    def save(self):
${indent(save)}
`;

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `        ${line}`)
    .join('\n');
