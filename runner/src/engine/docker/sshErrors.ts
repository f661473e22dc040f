/** What ssh says when it fails, as an error with words and a next step. */
import { ExpectedError, type ErrorCode } from '../../domain/errors';
import { showSsh, type SshTarget } from './sshTarget';

export interface SshFailure {
  readonly engine: string;
  readonly target: SshTarget;
  /** What ssh and the far side said. */
  readonly said: string;
  readonly timedOut?: boolean;
  readonly seconds?: number;
  /** Of a host key that is not known yet. */
  readonly fingerprint?: string | undefined;
}

interface Cause {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly why: (found: RegExpExecArray) => string;
  readonly hint: (failure: SshFailure) => string;
}

const known: readonly Cause[] = [
  {
    pattern: /REVOKED HOST KEY|host key .*revoked/i,
    code: 'engine-unreachable',
    why: () => 'it shows a host key that is marked as revoked, so nothing was sent',
    hint: () =>
      'Someone declared this key lost or stolen (@revoked in known_hosts). Ask who runs the host before going on.',
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/i,
    code: 'engine-unreachable',
    why: () => 'it shows another host key than before, so nothing was sent',
    hint: ({ target }) =>
      `Ask who runs the host whether its key was changed. If it was, forget the old one with \`ssh-keygen -R ${knownName(target)}\` and try again.`,
  },
  {
    pattern: /Host key verification failed|No .*host key is known for/i,
    code: 'engine-unreachable',
    why: () => 'its host key is not known yet, so nothing was sent',
    hint: ({ engine, fingerprint }) =>
      fingerprint === undefined
        ? `\`training-pipelines engines --trust ${engine}\` shows its fingerprint.`
        : `Its fingerprint is ${fingerprint}. Compare it with what the host's administrator says, then accept it: \`training-pipelines engines --trust ${engine} --fingerprint ${fingerprint}\`.`,
  },
  {
    pattern: /Could not resolve hostname ([^\s:]+)/i,
    code: 'engine-unreachable',
    why: ([, name]) => `there is no host named ${name ?? ''}`,
    hint: () => 'Check the name, or add the host to your ssh configuration.',
  },
  {
    pattern: /Permission denied \(([^)]*)\)|Too many authentication failures/i,
    code: 'engine-permission',
    why: () => 'the host did not let you in',
    hint: ({ target }) =>
      `Let your key into its authorized_keys, or load it with ssh-add (nothing is asked here). \`ssh ${plainAddress(target)}\` shows more.`,
  },
  {
    pattern: /permission denied while trying to connect to the docker|dial unix .*: connect: permission denied/i,
    code: 'engine-permission',
    why: () => 'you are not allowed to use Docker on that host',
    hint: () => 'Let your user there reach Docker (group docker, or a rootless engine).',
  },
  {
    pattern: /Connection refused/i,
    code: 'engine-unreachable',
    why: () => 'its ssh server refuses connections',
    hint: () => 'Check that the host is up and which port its ssh server has.',
  },
  {
    pattern: /No route to host|Network is unreachable|timed out|Connection timeout/i,
    code: 'engine-unreachable',
    why: () => 'the host can’t be reached',
    hint: () => 'Check that it is up and that your network (VPN) reaches it.',
  },
  {
    pattern: /(docker|podman)['"]?:? (command )?not found|not recognized as an internal|unknown command.*docker/i,
    code: 'engine-unreachable',
    why: () => 'no Docker was found on that host',
    hint: () =>
      'Install Docker Engine or Podman there and start its service, or name its socket: ssh://HOST/path/docker.sock.',
  },
  {
    pattern: /Cannot connect to the Docker daemon|dial unix .*: connect:/i,
    code: 'engine-unreachable',
    why: () => 'Docker does not run on that host',
    hint: () => 'Start it there (`sudo systemctl start docker`).',
  },
  {
    pattern: /is not installed$/,
    code: 'engine-unreachable',
    why: ([text]) => `ssh ${text}`,
    hint: () => 'Install OpenSSH’s client.',
  },
];

const plainAddress = ({ user, host, port }: SshTarget): string =>
  `${port === undefined ? '' : `-p ${port} `}${user === undefined ? '' : `${user}@`}${host}`;

const knownName = ({ host, port }: SshTarget): string => (port === undefined ? host : `"[${host}]:${port}"`);

/** Host keys are judged by ssh itself; these texts are its verdicts. */
export const isUnknownHost = (said: string): boolean =>
  /Host key verification failed|No .*host key is known for/i.test(said) && !isChangedHost(said);
export const isChangedHost = (said: string): boolean => /HAS CHANGED|REVOKED HOST KEY|host key .*revoked/i.test(said);

/** sshd turns connections away while too many are not let in yet (MaxStartups): the same call may well succeed a moment later. */
export const isTurnedAway = (said: string): boolean =>
  /exchange_identification|banner exchange|Exceeded MaxStartups/i.test(said) && !/timed out/i.test(said);

export function sshError(failure: SshFailure): ExpectedError {
  const { engine, target, said, timedOut = false, seconds } = failure;
  const place = `${engine} doesn't answer at ${showSsh(target)}`;
  for (const { pattern, code, why, hint } of known) {
    const found = pattern.exec(said);
    if (found !== null) return new ExpectedError(code, `${place}: ${why(found)}.${quoted(said)}`, hint(failure));
  }
  const hint = `Try \`ssh ${plainAddress(target)} docker version\`.`;
  const late = `no answer within ${seconds ?? 0} s`;
  return new ExpectedError('engine-unreachable', `${place}: ${timedOut ? late : 'ssh failed'}.${quoted(said)}`, hint);
}

/** The last line that says something, for those who know ssh. */
function quoted(said: string): string {
  const lines = said
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^@+$/.test(line));
  const last = lines.at(-1) ?? '';
  return last === '' ? '' : ` (${last.slice(0, 300)})`;
}
