/**
 * Connections to an engine behind ssh. One ssh connection is shared by all calls and all processes of the user, and the far
 * engine's socket is forwarded over it to a private socket here: that has no limit on sessions and needs no program on the
 * far side. Where the far side forbids that, or ssh can't share (Windows), each connection is a session of
 * `docker system dial-stdio`, as Docker's own command line does it.
 */
import { rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { NoEngineError, proveStream } from './proveStream';
import { isTurnedAway, isUnknownHost, sshError } from './sshErrors';
import { readHostKey } from './sshHostKey';
import { sharedPaths, withLock, type SharedPaths } from './sshFolder';
import {
  canShare,
  controlWords,
  runSsh,
  sshWords,
  type SshOptions,
  type SshProgram,
  type SshResult,
} from './sshProgram';
import { SshSession } from './sshSession';
import type { SshTarget } from './sshTarget';

export interface SshConnectionOptions {
  readonly engine: string;
  readonly target: SshTarget;
  readonly program: SshProgram;
}

/** How the far engine is reached. */
type Way =
  { readonly kind: 'socket'; readonly path: string } | { readonly kind: 'session'; readonly options: SshOptions };

/** Getting to the host, being let in, and the first word of Docker there. */
const openMilliseconds = 12_000;
const proofMilliseconds = 5_000;
const controlMilliseconds = 3_000;
const attempts = 5;

/** Goes on by itself for so long after the last call, so that the next command finds it. */
const persistSeconds = 30;

export class SshConnection {
  private way: Promise<Way> | undefined;
  private sessions: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: SshConnectionOptions) {}

  /** A connection at whose other end an engine has answered or, over a socket that answered before, will. */
  async connect(signal?: AbortSignal): Promise<Duplex> {
    const way = await this.currentWay(signal);
    if (way.kind === 'session') return this.session(way.options, signal);
    try {
      return await openSocket(way.path);
    } catch {
      // The shared connection has ended meanwhile.
      this.way = undefined;
      const next = await this.currentWay(signal);
      return next.kind === 'session' ? this.session(next.options, signal) : openSocket(next.path);
    }
  }

  private currentWay(signal?: AbortSignal): Promise<Way> {
    this.way ??= this.find(signal).catch((error: unknown) => {
      this.way = undefined;
      throw error;
    });
    return this.way;
  }

  private async find(signal?: AbortSignal): Promise<Way> {
    const { program, target } = this.options;
    if (!canShare(program)) return { kind: 'session', options: {} };
    const paths = await sharedPaths(program, target);
    if (await answers(paths.socket, signal)) return { kind: 'socket', path: paths.socket };
    return withLock(paths.lock, () => this.share(paths, signal), signal);
  }

  private async share(paths: SharedPaths, signal?: AbortSignal): Promise<Way> {
    if (await answers(paths.socket, signal)) return { kind: 'socket', path: paths.socket };
    const candidates = await this.openShared(paths, signal);
    for (const candidate of candidates) {
      if (await this.forward(paths, candidate, signal)) return { kind: 'socket', path: paths.socket };
    }
    const options = { ControlPath: paths.control, ControlMaster: 'no' };
    // Its words are the ones that the user needs, where Docker does not run there or may not be used.
    (await this.session(options, signal)).destroy();
    return { kind: 'session', options };
  }

  /** Opens the shared connection, where there is none, and asks where the far engine listens. */
  private async openShared({ control }: SharedPaths, signal?: AbortSignal): Promise<readonly string[]> {
    const { target } = this.options;
    const options = {
      ControlMaster: 'auto',
      ControlPath: control,
      ControlPersist: String(persistSeconds),
      ClearAllForwardings: 'yes',
      StreamLocalBindUnlink: 'yes',
      StreamLocalBindMask: '0177',
    };
    const question = target.socket === undefined ? whereDockerListens : 'true';
    const { out } = await this.run(sshWords(target, options, [question]), signal);
    if (target.socket !== undefined) return [target.socket];
    const told = /^unix:\/\/(\/[^\s\u0000-\u001f]{1,200})/m.exec(out)?.[1];
    return told === undefined ? usualSockets : [told];
  }

  /** Again and later where sshd turned it away because too many came at once. */
  private async run(words: readonly string[], signal?: AbortSignal): Promise<SshResult> {
    for (let tries = 1; ; tries++) {
      const result = await runSsh(this.options.program, words, { milliseconds: openMilliseconds, signal });
      if (result.code !== null && result.code !== connectionFailed) return result;
      if (tries === attempts || !isTurnedAway(result.err)) throw await this.error(result.err, result.timedOut);
      await delay(patience(tries), undefined, { signal });
    }
  }

  private async error(said: string, timedOut = false): Promise<Error> {
    const { engine, target } = this.options;
    const key = isUnknownHost(said) ? await readHostKey(this.options).catch(() => undefined) : undefined;
    const { fingerprint } = key ?? {};
    return sshError({ engine, target, said, timedOut, seconds: openMilliseconds / 1000, fingerprint });
  }

  private async forward({ control, socket }: SharedPaths, far: string, signal?: AbortSignal): Promise<boolean> {
    const { program } = this.options;
    await rm(socket, { force: true });
    const limits = { milliseconds: controlMilliseconds, signal };
    const ask = (request: string) =>
      runSsh(program, controlWords(control, request, ['-L', `${socket}:${far}`]), limits);
    if ((await ask('forward')).code === 0 && (await answers(socket, signal))) return true;
    await ask('cancel');
    await rm(socket, { force: true });
    return false;
  }

  /** Sessions are begun one after another: what is not let in yet counts against sshd's MaxStartups. */
  private session(options: SshOptions, signal?: AbortSignal): Promise<Duplex> {
    const next = this.sessions.then(() => this.openSession(options, signal));
    this.sessions = next.catch(() => undefined);
    return next;
  }

  private async openSession(options: SshOptions, signal?: AbortSignal): Promise<Duplex> {
    const { program, target } = this.options;
    const command =
      target.socket === undefined
        ? 'docker system dial-stdio'
        : `docker --host unix://${target.socket} system dial-stdio`;
    for (let tries = 1; ; tries++) {
      signal?.throwIfAborted();
      const session = new SshSession(program, sshWords(target, options, [command]));
      try {
        await proveStream(session, openMilliseconds, signal);
        return session;
      } catch (error) {
        signal?.throwIfAborted();
        await closed(session);
        if (tries === attempts || !isTurnedAway(session.said))
          throw await this.error(session.said, error instanceof NoEngineError && session.said === '');
      }
      await delay(patience(tries), undefined, { signal });
    }
  }
}

/** ssh's own failures. */
const connectionFailed = 255;

/** Answers the address of the far user's current context, which DOCKER_HOST there may have set. */
const whereDockerListens = "docker context inspect --format '{{.Endpoints.docker.Host}}'";

/** Where there is no `docker` to ask. */
const usualSockets = ['/var/run/docker.sock', '/run/podman/podman.sock'];

/** Longer with each time, and not the same for all who wait. */
const patience = (tries: number): number => 250 * tries + Math.floor(Math.random() * 500);

async function answers(path: string, signal?: AbortSignal): Promise<boolean> {
  try {
    const stream = await openSocket(path);
    await proveStream(stream, proofMilliseconds, signal);
    stream.destroy();
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

function openSocket(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ path });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Its last words come until then. */
async function closed(session: SshSession): Promise<void> {
  if (session.closed) return;
  await new Promise((resolve) => session.once('close', resolve));
}
