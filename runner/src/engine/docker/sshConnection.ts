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
import { sharedPaths, sweepSockets, withLock, type SharedPaths } from './sshFolder';
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
  | { readonly kind: 'socket'; readonly path: string }
  /** `control`: of the first shared connection; absent where each session is a connection of its own. */
  | { readonly kind: 'session'; readonly control?: string };

/** Getting to the host, being let in, and the first word of Docker there. */
const openMilliseconds = 12_000;
const proofMilliseconds = 5_000;
const controlMilliseconds = 3_000;
const attempts = 5;

/** sshd takes ten of one connection (MaxSessions); another process may have some. */
const sessionsEach = 8;

/** Goes on by itself for so long after the last call, so that the next command finds it. */
const persistSeconds = 30;

export class SshConnection {
  private way: Promise<Way> | undefined;
  private readonly lanes: Lane[] = [];
  /** Connections are made one after another: what is not let in yet counts against sshd's MaxStartups. */
  private opening: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: SshConnectionOptions) {}

  /** A connection at whose other end an engine has answered or, over a socket that answered before, will. */
  async connect(signal?: AbortSignal): Promise<Duplex> {
    const way = await this.currentWay(signal);
    if (way.kind === 'session') return this.session(way, signal);
    try {
      return await openSocket(way.path);
    } catch {
      // The shared connection has ended meanwhile.
      this.way = undefined;
      const next = await this.currentWay(signal);
      return next.kind === 'session' ? this.session(next, signal) : openSocket(next.path);
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
    if (!canShare(program)) return { kind: 'session' };
    const paths = await sharedPaths(program, target);
    if (await answers(paths.socket, signal)) return { kind: 'socket', path: paths.socket };
    return withLock(paths.lock, () => this.share(paths, signal), signal);
  }

  private async share(paths: SharedPaths, signal?: AbortSignal): Promise<Way> {
    if (await answers(paths.socket, signal)) return { kind: 'socket', path: paths.socket };
    await sweepSockets(paths);
    const candidates = await this.openShared(paths, signal);
    for (const candidate of candidates) {
      if (await this.forward(paths, candidate, signal)) return { kind: 'socket', path: paths.socket };
    }
    const way = { kind: 'session', control: paths.control } as const;
    // Its words are the ones that the user needs, where Docker does not run there or may not be used.
    (await this.session(way, signal)).destroy();
    return way;
  }

  /** Opens the shared connection, where there is none, and asks where the far engine listens. */
  private async openShared({ control }: SharedPaths, signal?: AbortSignal): Promise<readonly string[]> {
    const { target } = this.options;
    const options = {
      ...sharing(control),
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

  private async session({ control }: Way & { kind: 'session' }, signal?: AbortSignal): Promise<Duplex> {
    const lane = this.laneFor(control);
    lane.sessions++;
    try {
      // The first session of a connection makes it; the others wait for that, and not for each other.
      const ready = lane.made?.catch(() => undefined).then(() => this.openSession(lane, signal));
      const session = await (ready ?? this.openFirst(lane, signal));
      session.once('close', () => lane.sessions--);
      return session;
    } catch (error) {
      lane.sessions--;
      throw error;
    }
  }

  private openFirst(lane: Lane, signal?: AbortSignal): Promise<SshSession> {
    const made = this.opening.then(() => this.openSession(lane, signal));
    lane.made = made;
    this.opening = made.catch(() => (lane.made = undefined));
    return made;
  }

  /** Without sharing, each session is a connection of its own. */
  private laneFor(control: string | undefined): Lane {
    if (control === undefined) return { options: {}, sessions: 0, made: undefined };
    const free = this.lanes.find((lane) => lane.sessions < sessionsEach);
    if (free !== undefined) return free;
    const number = this.lanes.length;
    const path = number === 0 ? control : `${control}${number}`;
    const lane: Lane = { options: sharing(path), sessions: 0, made: undefined };
    this.lanes.push(lane);
    return lane;
  }

  private async openSession({ options }: Lane, signal?: AbortSignal): Promise<SshSession> {
    const { program, target } = this.options;
    const words = sshWords(target, options, [dialCommand(target)]);
    for (let tries = 1; ; tries++) {
      signal?.throwIfAborted();
      const session = new SshSession(program, words);
      try {
        await proveStream(session, openMilliseconds, signal);
        return session;
      } catch (error) {
        signal?.throwIfAborted();
        await closed(session);
        const timedOut = error instanceof NoEngineError && session.said === '';
        if (tries === attempts || !isTurnedAway(session.said)) throw await this.error(session.said, timedOut);
      }
      await delay(patience(tries), undefined, { signal });
    }
  }
}

/** One ssh connection with its sessions. */
interface Lane {
  readonly options: SshOptions;
  sessions: number;
  /** Its first session; undefined before there is one. */
  made: Promise<SshSession> | undefined;
}

/** As Docker's own command line dials. */
const dialCommand = ({ socket }: SshTarget): string =>
  socket === undefined ? 'docker system dial-stdio' : `docker --host unix://${socket} system dial-stdio`;

/** A connection that the first opens and all others use. */
const sharing = (control: string): SshOptions => ({
  ControlMaster: 'auto',
  ControlPath: control,
  ControlPersist: String(persistSeconds),
});

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
