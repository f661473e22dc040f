/** `check`: the contract check as text, JSON or SARIF. */
import { resolve } from 'node:path';
import { ExpectedError } from '../domain/errors';
import type { Finding } from '../domain/finding';
import { formatNumber } from '../domain/format';
import type { CommandContext } from './commandContext';
import { toSarif } from './sarif';

const formats: readonly string[] = ['text', 'json', 'sarif'];

export async function checkCommand(
  context: CommandContext,
  targets: readonly string[],
  options: { readonly format?: string; readonly upload?: boolean },
): Promise<number> {
  const { terminal, checker } = context;
  const format = options.format ?? (terminal.options.json ? 'json' : 'text');
  if (!formats.includes(format))
    throw new ExpectedError('usage', `"${format}" is no value for --format.`, `Use ${formats.join(', ')}.`);
  const workspace = await context.workspace();
  const named = targets.map((target) => resolve(context.currentFolder, target));
  const packages = named.length > 0 ? named : await checker.discover(workspace);
  const findings = await checker.check({
    workspace,
    packages,
    configured: named.length > 0,
    upload: options.upload === true,
  });
  if (format === 'json') terminal.document({ findings });
  else if (format === 'sarif') await terminal.write(`${JSON.stringify(toSarif(findings), null, 2)}\n`);
  else printFindings(context, findings, packages.length);
  return findings.some((finding) => finding.severity === 'error') ? 1 : 0;
}

function printFindings({ terminal }: CommandContext, findings: readonly Finding[], packages: number): void {
  for (const { file, range, severity, message, code } of findings) {
    const colour = severity === 'error' ? 'red' : severity === 'warning' ? 'yellow' : 'dim';
    const place = `${file}:${range.start.line + 1}:${range.start.character + 1}`;
    terminal.print(`${place}: ${terminal.paint(colour, severity)}: ${message} [${code}]`);
  }
  const what = findings.length === 0 ? 'no problems' : formatNumber(findings.length, 'finding');
  terminal.note(
    packages === 0
      ? 'No ML package found: a package is a folder whose train.py defines class Main.'
      : `${formatNumber(packages, 'package')}, ${what}.`,
  );
}
