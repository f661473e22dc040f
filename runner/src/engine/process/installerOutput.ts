/** What pip and uv say: which requirement they are at, and which one failed. */
import type { OnProgress } from '../engine';

export class InstallWatcher {
  private rest = '';
  private readonly seen = new Set<string>();

  constructor(
    private readonly direct: number,
    private readonly onProgress: OnProgress,
  ) {}

  push(text: string): void {
    const lines = (this.rest + text).split(/\r?\n|\r/);
    this.rest = (lines.pop() ?? '').slice(-10_000);
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    const one = collecting(line);
    if (one === undefined) {
      const count = announced(line);
      if (count === undefined) return;
      this.onProgress({ text: `installing ${count} packages`, done: 0, total: count, unit: 'steps' });
      return;
    }
    this.seen.add(one.toLowerCase());
    const done = this.seen.size;
    const total = Math.max(this.direct, done);
    this.onProgress({ text: `installing ${one}, ${done} of ${total}`, done, total, unit: 'steps' });
  }
}

function collecting(line: string): string | undefined {
  const found =
    /^\s*Collecting ([^\s;]+)/.exec(line) ??
    /^Requirement already satisfied: (\S+)/.exec(line) ??
    /^\s*Processing (?:.*[\\/])?([^\s\\/]+?)(?:-\d\S*)?(?: \(from .*)?$/.exec(line);
  return found?.[1] === undefined ? undefined : baseName(found[1]);
}

/** How many packages are to be installed in all. */
function announced(line: string): number | undefined {
  const names = /^Installing collected packages: (.*)$/.exec(line)?.[1];
  if (names !== undefined) return names.split(',').length;
  const count = /^(?:Resolved|Prepared) (\d+) packages?/.exec(line)?.[1];
  return count === undefined ? undefined : Number(count);
}

const baseName = (requirement: string): string => /^[A-Za-z0-9._-]+/.exec(requirement)?.[0] ?? requirement;

interface Pattern {
  readonly pattern: RegExp;
  readonly message: (match: RegExpExecArray) => string;
  readonly hint: string;
}

const checkName = 'Check its name and version, and that the package index can be reached.';
const build =
  'It has no ready-made wheel for this Python: choose another version of it or of Python, or install what its build needs.';

/** The first that fits is the reason; an order from the most to the least telling. */
const patterns: readonly Pattern[] = [
  {
    pattern: /No matching distribution found for (.+?)(?: \(from .*)?$/m,
    message: ([, name = '']) => `The requirement ${name} was not found for this Python.`,
    hint: checkName,
  },
  {
    pattern: /Invalid requirement: ['"]?(.+?)['"]?(?::.*)?(?: \(from line (\d+) of (.+?)\))?$/m,
    message: ([, text = '', line, file]) =>
      `"${text}" is no requirement${line === undefined ? '' : ` (line ${line} of ${file ?? 'the file'})`}.`,
    hint: 'A requirement looks like "numpy>=1.24".',
  },
  {
    pattern: /Cannot install (.+?) because these package versions have conflicting dependencies/,
    message: ([, names = '']) => `The requirements contradict each other: ${names}.`,
    hint: 'Loosen one of the versions.',
  },
  {
    pattern: /Failed (?:building wheel for|to build) [`']?([A-Za-z0-9._-]+(?:==[^\s`']+)?)/,
    message: ([, name = '']) => `The requirement ${name} could not be built.`,
    hint: build,
  },
  {
    pattern: /Because (?:you require )?([A-Za-z0-9._-]+(?:[=<>!~]=?[^\s]+)?) (?:was not found|and)/,
    message: ([, name = '']) => `The requirement ${name} was not found, or contradicts another one.`,
    hint: checkName,
  },
  {
    pattern: /there (?:is|are) (?:no versions? of|only .+? of) ([A-Za-z0-9._-]+(?:[=<>!~]=?[^\s]+)?)/,
    message: ([, name = '']) => `The requirement ${name} was not found for this Python.`,
    hint: checkName,
  },
  {
    pattern: /Couldn't parse requirement in `(.+?)`/,
    message: ([, file = '']) => `${file} holds a line that is no requirement.`,
    hint: 'A requirement looks like "numpy>=1.24".',
  },
  {
    pattern: /Could not open requirements file: .*?'(.+?)'/,
    message: ([, file = '']) => `The requirement file ${file} is not in the package.`,
    hint: 'Add it, or remove the line that names it.',
  },
];

export function failureOf(
  output: string,
  error: Error | undefined,
): { readonly message: string; readonly hint: string } {
  for (const { pattern, message, hint } of patterns) {
    const match = pattern.exec(output);
    if (match !== null) return { message: message(match), hint: networkTrouble(output) ?? hint };
  }
  const lines = output.split('\n').map((line) => line.trim());
  const said =
    lines.filter((line) => /^(ERROR|error|×)/.test(line)).at(-1) ?? lines.filter((line) => line !== '').at(-1);
  const why = error?.message ?? said ?? 'the installer failed without a word';
  return {
    message: `The requirements could not be installed: ${why}`,
    hint: networkTrouble(output) ?? 'The output of the installer says more.',
  };
}

function networkTrouble(output: string): string | undefined {
  if (/CERTIFICATE_VERIFY_FAILED|invalid peer certificate/.test(output)) {
    return 'The index has a certificate that Python does not trust: name your CA file with pip config set global.cert FILE.';
  }
  const trouble =
    /NewConnectionError|ConnectTimeoutError|ReadTimeoutError|Name or service not known|Temporary failure in name resolution|dns error/;
  return trouble.test(output) ? 'The package index cannot be reached: check the network and the proxy.' : undefined;
}
