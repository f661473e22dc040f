/** The runner process and the connection to it: started on first use, started again when it dies. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
  type RequestType,
  type RequestType0,
} from 'vscode-jsonrpc/node';
import * as vscode from 'vscode';
import { ExpectedError, type ErrorCode } from '../../runner/src/domain/errors';
import type { Log } from '../../runner/src/domain/log';
import type { Run } from '../../runner/src/domain/run';
import * as door from '../../runner/src/protocol';

export interface RunnerClientOptions {
  /** Absolute path of `dist/runner.js`. */
  readonly program: string;
  readonly open: () => door.OpenParams;
  /** The user's choice of engine, where a pipeline names none. */
  readonly defaultEngine: () => string | undefined;
  readonly log: Log;
}

type Appended = {
  readonly id: string;
  readonly from: number;
  readonly lines: readonly door.RunLogLine[];
  readonly ended: boolean;
  readonly pending: number;
};

const restartDelays = [0, 500, 2_000] as const;
const restartWindow = 60_000;

export class RunnerClient implements vscode.Disposable {
  private live: Promise<Live> | undefined;
  private deaths: number[] = [];
  private disposed = false;

  private readonly run = new vscode.EventEmitter<Run>();
  private readonly store = new vscode.EventEmitter<void>();
  private readonly log = new vscode.EventEmitter<Appended>();
  private readonly progress = new vscode.EventEmitter<{ readonly id: string; readonly progress: door.Progress }>();
  private readonly state = new vscode.EventEmitter<'up' | 'restarting' | 'gone'>();
  private readonly counted = new vscode.EventEmitter<door.DatasetPeek>();
  /** A large dataset is counted on after the first answer. */
  readonly onDatasetCounted = this.counted.event;
  readonly onRun = this.run.event;
  readonly onStore = this.store.event;
  readonly onLog = this.log.event;
  readonly onProgress = this.progress.event;
  readonly onState = this.state.event;

  /** Runs that were stopped from this window. */
  private readonly stopped = new Set<string>();

  constructor(private readonly options: RunnerClientOptions) {}

  wasStoppedHere(id: string): boolean {
    return this.stopped.has(id);
  }

  async request<P, R>(type: RequestType<P, R, door.ExpectedErrorData>, params: P): Promise<R> {
    if (type.method === door.stopRunRequest.method) this.stopped.add((params as { readonly id: string }).id);
    const { connection } = await this.connect();
    return rebuildErrors(connection.sendRequest<R>(type.method, this.withEngine(type.method, params)));
  }

  async request0<R>(type: RequestType0<R, door.ExpectedErrorData>): Promise<R> {
    const { connection } = await this.connect();
    return rebuildErrors(connection.sendRequest<R>(type.method));
  }

  /** After too many deaths, or when trust was granted: a fresh process. */
  async restart(): Promise<void> {
    this.deaths = [];
    const old = this.live;
    this.live = undefined;
    await old?.then((live) => live.end()).catch(() => undefined);
    await this.connect();
    this.store.fire();
  }

  dispose(): void {
    this.disposed = true;
    void this.live?.then((live) => live.end()).catch(() => undefined);
    for (const emitter of [this.run, this.store, this.log, this.progress, this.state, this.counted]) emitter.dispose();
  }

  private withEngine<P>(method: string, params: P): P {
    const defaultEngine = this.options.defaultEngine();
    const isRun = [door.startRunRequest, door.planRunRequest, door.preflightRequest].some(
      (one) => one.method === method,
    );
    return isRun && defaultEngine !== undefined ? { ...params, defaultEngine } : params;
  }

  private connect(): Promise<Live> {
    if (this.disposed) return Promise.reject(new Error('the extension is shutting down'));
    this.live ??= this.launch();
    return this.live;
  }

  private async launch(): Promise<Live> {
    const child = spawn(process.execPath, [this.options.program], {
      // Its own session: it finishes what it drives when the window closes.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      windowsHide: true,
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.options.log.info(text.trimEnd()));
    const live = new Live(child);
    live.connection.onNotification(door.runChanged, (run) => this.run.fire(run));
    live.connection.onNotification(door.storeChanged, () => this.store.fire());
    live.connection.onNotification(door.logAppended, (lines) => this.log.fire(lines));
    live.connection.onNotification(door.datasetCounted, (peek) => this.counted.fire(peek));
    live.connection.onNotification(door.progressChanged, (progress) => this.progress.fire(progress));
    live.connection.listen();
    void live.died.then((why) => this.onDeath(live, why));
    await live.connection.sendRequest(door.openRequest, this.options.open());
    this.state.fire('up');
    return live;
  }

  private onDeath(live: Live, why: string): void {
    if (this.disposed || live.ending) return;
    this.options.log.warn(`the runner process ended: ${why}`);
    this.live = undefined;
    const now = Date.now();
    this.deaths = [...this.deaths.filter((at) => now - at < restartWindow), now];
    const delay = restartDelays[this.deaths.length - 1];
    if (delay === undefined) {
      this.state.fire('gone');
      return;
    }
    this.state.fire('restarting');
    setTimeout(
      () =>
        void this.connect().then(
          () => this.store.fire(),
          () => undefined,
        ),
      delay,
    );
  }
}

class Live {
  readonly connection: MessageConnection;
  readonly died: Promise<string>;
  ending = false;

  constructor(private readonly child: ChildProcess) {
    if (child.stdout === null || child.stdin === null) throw new Error('the runner process has no pipes');
    this.connection = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    this.died = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    void this.died.then(() => this.connection.dispose());
    child.stdin.on('error', () => undefined);
    child.unref();
  }

  /** Closes the connection; the process goes on with what it drives and then ends. */
  end(): void {
    this.ending = true;
    this.child.stdin?.end();
    this.child.stderr?.destroy();
  }
}

async function rebuildErrors<R>(answer: Promise<R>): Promise<R> {
  try {
    return await answer;
  } catch (error) {
    const data =
      error instanceof ResponseError ? (error.data as Partial<door.ExpectedErrorData> | undefined) : undefined;
    if (error instanceof Error && data?.code !== undefined) {
      throw new ExpectedError(data.code as ErrorCode, error.message, data.hint ?? '', { cause: error });
    }
    throw error;
  }
}
