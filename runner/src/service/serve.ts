/** Answers the extension's requests with a runner. What runs goes on when the connection closes. */
import { ResponseError, type MessageConnection, type RequestType, type RequestType0 } from 'vscode-jsonrpc';
import { ExpectedError, isExpected } from '../domain/errors';
import type { Finding } from '../domain/finding';
import type { Log } from '../domain/log';
import * as door from '../protocol';
import type { DrivenRun, RunEvents, RunLogLine, Runner } from '../runner';
import { LogWatches, type SendLines } from './logWatches';
import { peekDataset } from './peekDataset';
import { readRunMetrics, readUsage } from './runMetrics';
import { RunTails } from './runTails';

export interface OpenedRunner {
  readonly runner: Runner;
  readonly findings: (folder: string) => Promise<readonly Finding[]>;
}

export interface ServiceOptions {
  readonly connection: MessageConnection;
  readonly open: (params: door.OpenParams) => Promise<OpenedRunner>;
  readonly log: Log;
}

export interface Service {
  /** Resolves once the connection is closed and nothing is driven any more. */
  readonly done: Promise<void>;
}

interface Opened extends OpenedRunner {
  readonly trusted: boolean;
  readonly logs: LogWatches;
  readonly tails: RunTails;
}

/** Looking at what changed in a dataset is a favour: not for longer than this. */
const changesMilliseconds = 30_000;

export function serve({ connection, open, log }: ServiceOptions): Service {
  const driven = new Map<string, DrivenRun>();
  let opened: Promise<Opened> | undefined;
  let closed = false;

  const tell = (send: () => Promise<void>): void => {
    if (!closed) void send().catch((error: unknown) => log.debug(String(error)));
  };
  const events: RunEvents = { onRun: (run) => tell(() => connection.sendNotification(door.runChanged, run)) };
  const eventsOf = (id: () => string): RunEvents => ({
    ...events,
    onProgress: (progress) => tell(() => connection.sendNotification(door.progressChanged, { id: id(), progress })),
  });
  const keep = (run: DrivenRun): void => {
    driven.set(run.id, run);
    void run.ended.finally(() => driven.delete(run.id)).catch((error: unknown) => log.warn(String(error)));
  };
  const current = async (): Promise<Opened> => {
    if (opened === undefined) throw new ExpectedError('usage', 'No workspace is open in the runner.');
    return opened;
  };
  const trusted = async (): Promise<Opened> => {
    const now = await current();
    if (now.trusted) return now;
    throw new ExpectedError(
      'usage',
      'This workspace is not trusted, so nothing runs and nothing connects.',
      'Trust the workspace first.',
    );
  };

  const on = <P, R>(type: RequestType<P, R, door.ExpectedErrorData>, handle: (params: P) => Promise<R>): void => {
    connection.onRequest(type.method, (params: P) => answer(() => handle(params), log) as Promise<object>);
  };
  const on0 = <R>(type: RequestType0<R, door.ExpectedErrorData>, handle: () => Promise<R>): void => {
    connection.onRequest(type.method, () => answer(handle, log) as Promise<object>);
  };

  on(door.openRequest, async (params) => {
    opened = openAll(params);
    const { runner } = await opened;
    return { storeFolder: runner.storeFolder };
  });
  async function openAll(params: door.OpenParams): Promise<Opened> {
    const made = await open(params);
    const send: SendLines = (id, from, lines, ended, pending) =>
      tell(() => connection.sendNotification(door.logAppended, { id, from, lines, ended, pending }));
    made.runner.watch(() => tell(() => connection.sendNotification(door.storeChanged, null)));
    if (params.trusted) {
      const recover = async (): Promise<void> => (await made.runner.recover(events)).forEach(keep);
      void recover().catch((error: unknown) => log.warn(`recovering runs: ${String(error)}`));
    }
    return {
      ...made,
      trusted: params.trusted,
      logs: new LogWatches(made.runner, send),
      tails: new RunTails(made.runner),
    };
  }

  on(door.startRunRequest, async (request) => {
    const { runner } = await trusted();
    let id = '';
    const run = await runner.start(
      request,
      eventsOf(() => id),
    );
    id = run.id;
    keep(run);
    return { id };
  });
  on(door.attachRunRequest, async ({ id }) => {
    const { runner } = await trusted();
    if (!driven.has(id))
      keep(
        await runner.attach(
          id,
          eventsOf(() => id),
        ),
      );
    return null;
  });
  on(door.stopRunRequest, async ({ id, now }) => {
    const { runner } = await trusted();
    const own = driven.get(id);
    if (own === undefined) return runner.stop(id, now);
    await own.stop(now);
    return own.ended;
  });
  on(door.planRunRequest, async (request) => (await trusted()).runner.plan(request));
  on0(door.listRunsRequest, async () => (await current()).runner.runs());
  on(door.getRunRequest, async ({ id }) => (await current()).runner.run(id));
  on(door.readLogRequest, async ({ id, from }) => readLines((await current()).runner, id, from));
  on(door.watchLogRequest, async ({ id, from }) => ((await current()).logs.watch(id, from), null));
  on(door.unwatchLogRequest, async ({ id }) => ((await current()).logs.unwatch(id), null));
  on(door.readMetricsRequest, async ({ id }) => readRunMetrics((await current()).runner, id));

  on(door.readUsageRequest, async ({ id, from }) => readUsage((await current()).runner, id, from));

  on(door.runPageRequest, async (query) => (await current()).runner.views.page(query));
  on(door.markRunRequest, async ({ id, change }) => (await trusted()).runner.views.mark(id, change));
  on(door.compareDataRequest, async ({ left, right }) => (await current()).runner.views.compareData(left, right));
  on(door.checkDataRequest, async ({ id }) => (await trusted()).runner.views.checkData(id));
  on(door.workingFolderRequest, async ({ package: name }) => (await current()).runner.views.working(name));
  on(door.someVersionsRequest, async ({ ids }) => (await current()).runner.views.versions(ids));
  on(door.compareVersionsRequest, async ({ left, right }) =>
    (await current()).runner.views.compareVersions(left, right),
  );
  on(door.restoreVersionRequest, async ({ id, folder }) => (await trusted()).runner.views.restore(id, folder));
  on(door.takeOverRequest, async ({ id, apply }) => {
    const { views } = (await trusted()).runner;
    return apply ? views.takeOver(id) : views.planTakeOver(id);
  });

  on0(door.packagesRequest, async () => (await current()).runner.packages());
  on(door.publishRequest, async (target) => {
    const { runner } = await trusted();
    return runner.publish({ ...target, currentFolder: runner.workspace });
  });
  on(door.checkRequest, async ({ folder }) => (await current()).findings(folder));
  on(door.listVersionsRequest, async (params) => (await current()).runner.versions(params.package));
  on(door.getVersionRequest, async ({ id }) => (await current()).runner.version(id));
  on(door.exportVersionRequest, async ({ id, file, ...how }) => (await current()).runner.export(id, file, how));
  on(door.importRequest, async ({ file, options }) => (await trusted()).runner.import(file, options));
  on(door.verifyRequest, async ({ id }) => (await current()).runner.verify(id));
  on(door.deleteRequest, async ({ ids, force }) => (await trusted()).runner.delete(ids, { force }));
  on(door.pruneRequest, async ({ keep: count }) => (await trusted()).runner.prune(count));
  on(door.hostKeyRequest, async ({ engine }) => (await trusted()).runner.hostKey(engine));
  on(door.trustHostRequest, async ({ engine, fingerprint }) => {
    await (await trusted()).runner.trustHost(engine, fingerprint);
    return null;
  });
  on0(door.enginesRequest, async () => (await trusted()).runner.engines());
  on(door.askEnginesRequest, async ({ names }) => (await trusted()).runner.engines(undefined, names));
  on(door.preflightRequest, async (request) => (await trusted()).runner.preflight(request));
  on(door.runTailRequest, async ({ id }) => (await current()).tails.tail(id));
  on(door.datasetChangesRequest, async ({ path }) =>
    (await current()).runner.datasetChanges(path, AbortSignal.timeout(changesMilliseconds)).catch(() => null),
  );
  let peeking = new AbortController();
  on(door.peekDatasetRequest, async ({ path, namesOnly = false }) => {
    const { runner } = await current();
    if (namesOnly) return peekDataset(runner.workspace, path, { budgetMilliseconds: 0 });
    // One dataset is counted at a time: the one that was asked for last.
    peeking.abort();
    peeking = new AbortController();
    const onCounted = (peek: door.DatasetPeek): void =>
      tell(() => connection.sendNotification(door.datasetCounted, peek));
    return peekDataset(runner.workspace, path, { onCounted, signal: peeking.signal });
  });

  const done = new Promise<void>((resolve) => {
    connection.onClose(() => {
      closed = true;
      void finish(driven, opened).then(resolve);
    });
  });
  connection.onClose(() => peeking.abort());
  connection.listen();
  return { done };
}

/** Whoever drives a run drives it to its end, also where nobody listens any more. */
async function finish(driven: ReadonlyMap<string, DrivenRun>, opened: Promise<Opened> | undefined): Promise<void> {
  await opened
    ?.then(({ logs, tails }) => {
      logs.dispose();
      tails.dispose();
    })
    .catch(() => undefined);
  await Promise.allSettled([...driven.values()].map((run) => run.ended));
}

async function answer(handle: () => Promise<unknown>, log: Log): Promise<unknown> {
  try {
    return await handle();
  } catch (error) {
    if (isExpected(error)) {
      return new ResponseError(door.expectedErrorCode, error.message, { code: error.code, hint: error.hint });
    }
    log.error(error instanceof Error ? error : String(error));
    throw error;
  }
}

const linesPerAnswer = 10_000;

async function readLines(runner: Runner, id: string, from: number) {
  const lines: RunLogLine[] = [];
  let number = 0;
  for await (const line of runner.logLines(id, { follow: false })) {
    number += 1;
    if (number <= from) continue;
    if (lines.length === linesPerAnswer) return { lines, more: true };
    lines.push(line);
  }
  return { lines, more: false };
}
