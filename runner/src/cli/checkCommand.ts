/** `check`: the contract check as text, JSON or SARIF. */
import { access, constants, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { packageKey } from '../domain/packageName';
import { ExpectedError } from '../domain/errors';
import type { Finding } from '../domain/finding';
import { formatNumber } from '../domain/format';
import type { CommandContext } from './commandContext';
import { toSarif } from './sarif';

export const checkFormats = ['text', 'json', 'sarif'] as const;

export interface CheckOptions {
  readonly format?: (typeof checkFormats)[number];
  readonly upload?: boolean;
}

export async function checkCommand(
  context: CommandContext,
  targets: readonly string[],
  options: CheckOptions,
): Promise<number> {
  const { terminal, checker } = context;
  // SARIF is a JSON document too.
  const isText = options.format !== 'sarif' && options.format !== 'json' && !terminal.options.json;
  const format = options.format === 'sarif' ? 'sarif' : isText ? 'text' : 'json';
  const workspace = await context.workspace();
  const isNamed = targets.length > 0;
  const packages = isNamed ? await foldersOf(context, targets) : await checker.discover(workspace);
  const upload = options.upload === true;
  const findings = await checker.check({ workspace, packages, configured: isNamed, upload });
  if (format === 'json') terminal.document({ findings });
  else if (format === 'sarif') await terminal.write(`${JSON.stringify(toSarif(findings, context.version), null, 2)}\n`);
  else printFindings(context, findings, packages.length);
  return findings.some((finding) => finding.severity === 'error') ? 1 : 0;
}

/** A package is named by its folder or, once published, by its name. */
async function foldersOf(context: CommandContext, targets: readonly string[]): Promise<string[]> {
  const folders: string[] = [];
  for (const target of targets) folders.push(await folderOf(context, target));
  return [...new Set(folders)];
}

async function folderOf(context: CommandContext, target: string): Promise<string> {
  const folder = resolve(context.currentFolder, target);
  const train = join(folder, 'train.py');
  if (await isFile(train)) {
    await refuseUnreadable(train, target);
    return folder;
  }
  const runner = await context.runner();
  const packages = await runner.packages();
  const published = packages.find(({ name }) => packageKey(name) === packageKey(target));
  return published?.folder == null ? folder : resolve(runner.workspace, published.folder);
}

/** Nothing found in it would look like nothing wrong with it. */
async function refuseUnreadable(train: string, target: string): Promise<void> {
  try {
    await access(train, constants.R_OK);
  } catch (cause) {
    const hint = 'Give your user the right to read it.';
    throw new ExpectedError('package-invalid', `train.py of ${target} can't be read.`, hint, { cause });
  }
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

function printFindings({ terminal }: CommandContext, findings: readonly Finding[], packages: number): void {
  for (const { file, range, severity, message, code } of findings) {
    const colour = severity === 'error' ? 'red' : severity === 'warning' ? 'yellow' : 'dim';
    const place = `${file}:${range.start.line + 1}:${range.start.character + 1}`;
    terminal.print(`${place}: ${terminal.paint(colour, severity)}: ${message} [${code}]`);
  }
  const what = findings.length === 0 ? 'no problems' : formatNumber(findings.length, 'finding');
  terminal.note(
    packages === 0
      ? 'No ML package in this workspace yet. A package is a folder whose train.py defines a class Main with train and save.'
      : `${formatNumber(packages, 'package')}, ${what}.`,
  );
}
