/** docs/cli.md is kept in step with the commands themselves. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../../runner/src/cli/program';
import { environmentErrorCodes, inputErrorCodes } from '../../../runner/src/domain/errors';
import { causeKinds, runStates } from '../../../runner/src/domain/run';

const text = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
const program = createProgram({
  version: '0.0.0',
  context: () => {
    throw new Error('no command runs here');
  },
  onExit: () => undefined,
  writeOut: () => undefined,
});

/** The text below a heading, up to the next one of its level or above. */
function section(heading: string): string {
  const level = heading.indexOf(' ');
  const start = text.indexOf(`\n${heading}\n`);
  if (start === -1) return '';
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end === -1 ? rest : rest.slice(0, end);
}

/** The options in the first column of a section's tables. */
const optionsIn = (part: string): string[] =>
  [...part.matchAll(/^\| `(--[a-z-]+)[^|]*\|/gm)].map((match) => match[1] ?? '');
const optionsOf = (command: Command): string[] => command.options.map((option) => option.long ?? '');

test('every command has a section, and every section a command', () => {
  const sections = [...section('## Commands').matchAll(/^### (.+)$/gm)].map((match) => match[1]);
  expect(sections).toEqual(
    program.commands.filter((command) => !command.name().startsWith('__')).map((command) => command.name()),
  );
});

test('the options of every command are those of the program', () => {
  expect(optionsIn(section('## Options of every command')).sort()).toEqual([...optionsOf(program), '--help'].sort());
});

describe.each(
  program.commands
    .filter((command) => !command.name().startsWith('__'))
    .map((command) => [command.name(), command] as const),
)('%s', (name, command) => {
  const part = section(`### ${name}`);

  test('its options are those of the section, in the same order', () => {
    expect(optionsIn(part)).toEqual(optionsOf(command));
  });

  test('the section has an example that begins like the command', () => {
    expect(part).toMatch(new RegExp(`^\\$ (\\w+=\\S+ )?training-pipelines ${name}\\b`, 'm'));
  });

  test('its help has an example, and a word for every argument and option', () => {
    let help = '';
    command.configureOutput({ writeOut: (more) => (help += more) });
    command.outputHelp();
    expect(help).toContain(`Example:\n  $ training-pipelines ${name}`);
    for (const argument of command.registeredArguments) expect(argument.description).not.toBe('');
    for (const option of command.options) expect(option.description).not.toBe('');
  });
});

test('every error code, state and cause is named', () => {
  const words = [...inputErrorCodes, ...environmentErrorCodes, ...causeKinds, ...runStates];
  expect(words.filter((word) => !text.includes(`\`${word}\``))).toEqual([]);
});

test('every link leads to a file', () => {
  const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] ?? '');
  expect(links.length).toBeGreaterThan(10);
  for (const link of links) expect(() => readFileSync(new URL(`../../../docs/${link}`, import.meta.url))).not.toThrow();
});
