/** Words and exit code of whatever went wrong before there was a run. */
import { CommanderError } from 'commander';
import { ExpectedError, exitCodeOf, isExpected, messageOf } from '../domain/errors';
import type { Log } from '../domain/log';
import type { Terminal } from './terminal';
import { interruptedCode } from './watchRun';

export function fail(error: unknown, terminal: Terminal, log: Log): number {
  // `--help` and `--version` end by an exception too.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const known = asExpected(error);
  const { code, message, hint } = known;
  if (terminal.options.json) terminal.document({ error: { code, message, hint } });
  else terminal.error([`error: ${message}`, hint].filter((line) => line !== '').join('\n'));
  log.error(error instanceof Error ? error : String(error));
  return code === 'cancelled' ? interruptedCode : exitCodeOf(code);
}

function asExpected(error: unknown): ExpectedError {
  if (isExpected(error)) return error;
  if (error instanceof CommanderError) return usageError(error);
  const hint = 'This is a defect of the program. TRAINING_PIPELINES_DEBUG=1 shows where it happened.';
  return new ExpectedError('engine-failed', `Something unexpected happened: ${messageOf(error)}`, hint, {
    cause: error,
  });
}

/** The parser's own message as a sentence; what it suggests is the hint. */
function usageError(error: CommanderError): ExpectedError {
  if (error.code === 'commander.help')
    return new ExpectedError('usage', 'No command was given.', 'See training-pipelines --help.');
  const [first = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1)}${first.endsWith('.') ? '' : '.'}`;
  const hint = [suggestion.replace(/^\((.*)\)$/, '$1'), 'See training-pipelines --help.'];
  return new ExpectedError('usage', sentence, hint.filter((part) => part !== '').join(' '), { cause: error });
}
