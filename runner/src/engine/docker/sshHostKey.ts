/** The host key of a far machine: read without sending anything, and written to the user's known hosts once the user has compared it. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HostKey } from '../engine';
import { ExpectedError } from '../../domain/errors';
import { sshError } from './sshErrors';
import { runSsh, sshWords, type SshProgram } from './sshProgram';
import { showSsh, type SshTarget } from './sshTarget';

export interface HostKeyQuestion {
  readonly engine: string;
  readonly target: SshTarget;
  readonly program: SshProgram;
}

const milliseconds = 12_000;

interface FoundKey extends HostKey {
  /** As known_hosts holds it. */
  readonly lines: string;
}

export const readHostKey = async (question: HostKeyQuestion): Promise<HostKey> => {
  const { fingerprint, type, host } = await findKey(question);
  return { fingerprint, type, host };
};

/**
 * ssh itself goes there as the user's configuration says (ProxyJump, HostKeyAlias), notes the key in a file of our own, and
 * offers no way of logging in.
 */
async function findKey({ engine, target, program }: HostKeyQuestion): Promise<FoundKey> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-hostkey-'));
  try {
    const file = join(folder, 'known');
    const options = {
      StrictHostKeyChecking: 'accept-new',
      UserKnownHostsFile: file,
      GlobalKnownHostsFile: join(folder, 'none'),
      PreferredAuthentications: 'none',
      PubkeyAuthentication: 'no',
      PasswordAuthentication: 'no',
      KbdInteractiveAuthentication: 'no',
      ControlMaster: 'no',
      ControlPath: 'none',
    };
    const { err, timedOut } = await runSsh(program, sshWords(target, options, ['true']), { milliseconds });
    const lines = await readFile(file, 'utf8').catch(() => '');
    const [, type, key] = /^\S+ (\S+) (\S+)/m.exec(lines) ?? [];
    if (type === undefined || key === undefined)
      throw sshError({ engine, target, said: err, timedOut, seconds: milliseconds / 1000 });
    const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '');
    return { lines, type, fingerprint: `SHA256:${digest}`, host: showSsh(target) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the key that has this fingerprint, and no other. */
export async function trustHostKey(question: HostKeyQuestion, fingerprint: string): Promise<void> {
  const found = await findKey(question);
  if (found.fingerprint !== fingerprint) {
    const message = `${question.engine} shows a host key with the fingerprint ${found.fingerprint}, not ${fingerprint}; nothing was accepted.`;
    throw new ExpectedError('usage', message, 'Ask who runs the host which one is right.');
  }
  const path = await knownHostsFile(question);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const before = await readFile(path, 'utf8').catch(() => '');
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  await appendFile(path, `${gap}${found.lines.trim()}\n`, { mode: 0o600 });
}

/** Where ssh itself would write it. */
async function knownHostsFile({ target, program }: HostKeyQuestion): Promise<string> {
  const [first = '', ...rest] = sshWords(target, {}, []);
  const { out } = await runSsh(program, ['-G', first, ...rest], { milliseconds });
  const path = /^userknownhostsfile (\S+)/m.exec(out)?.[1];
  return path === undefined || path === 'none' ? join(homedir(), '.ssh', 'known_hosts') : path;
}
