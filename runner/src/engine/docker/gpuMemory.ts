/** Remembers what was found out about an engine's GPUs, as long as the engine has not been restarted; between processes too. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { gpuFactsSchema, type GpuFacts } from '../../domain/gpuFacts';
import { DockerRefusal, type DockerClient } from './dockerClient';
import type { EngineInfo } from './engineInfo';
import { lookUpGpus } from './gpus';

type Environment = Readonly<Record<string, string | undefined>>;

const foundMilliseconds = 12 * 3600 * 1000;
/** Someone may just be installing what is missing. */
const missingMilliseconds = 60_000;

const fileSchema = z.strictObject({
  engines: z.record(z.string(), z.strictObject({ at: z.number(), facts: gpuFactsSchema })),
});
type File = z.infer<typeof fileSchema>;

export class GpuMemory {
  private asking: Promise<GpuFacts> | undefined;
  private key = '';

  constructor(
    private readonly client: DockerClient,
    environment: Environment,
    private readonly now: () => number = Date.now,
    private readonly file = join(cacheFolderOf(environment), 'gpus.json'),
  ) {}

  /** `again`: whatever is remembered. */
  async facts(info: EngineInfo, signal?: AbortSignal, again = false): Promise<GpuFacts> {
    const key = await this.identity(signal);
    if (key !== this.key || again) this.asking = undefined;
    this.key = key;
    this.asking ??= this.recall(key, info, again, signal).then(
      (facts) => {
        if (facts.trouble !== null) this.asking = undefined;
        return facts;
      },
      (error: unknown) => {
        this.asking = undefined;
        throw error;
      },
    );
    return this.asking;
  }

  private async recall(key: string, info: EngineInfo, again: boolean, signal?: AbortSignal): Promise<GpuFacts> {
    const known = again ? undefined : (await this.read()).engines[key];
    const kept = known?.facts.trouble === null ? foundMilliseconds : missingMilliseconds;
    const isFresh = known !== undefined && known.facts.trouble?.kind !== 'not-asked';
    if (isFresh && this.now() - known.at < kept) return known.facts;
    const facts = await lookUpGpus(this.client, info, signal);
    await this.write(key, facts);
    return facts;
  }

  /** Of the engine and of its start: the default network is made anew with each start of a Docker engine. */
  private async identity(signal?: AbortSignal): Promise<string> {
    const options = { signal, timeoutMilliseconds: 10_000 };
    const [{ ID }, start] = await Promise.all([
      this.client.get('/info', z.object({ ID: z.string().nullish() }), options),
      this.client
        .get('/networks/bridge', z.object({ Id: z.string() }), options)
        .then(({ Id }) => Id.slice(0, 12))
        .catch((error: unknown) => {
          if (error instanceof DockerRefusal) return '';
          throw error;
        }),
    ]);
    return `${this.client.engine} ${ID ?? ''} ${start}`;
  }

  private async read(): Promise<File> {
    try {
      return fileSchema.parse(JSON.parse(await readFile(this.file, 'utf8')));
    } catch {
      return { engines: {} };
    }
  }

  /** Only a cache. */
  private async write(key: string, facts: GpuFacts): Promise<void> {
    const now = this.now();
    const old = Object.entries((await this.read()).engines).filter(([, { at }]) => now - at < foundMilliseconds);
    const engines = { ...Object.fromEntries(old), [key]: { at: now, facts } };
    const temporary = `${this.file}.${process.pid}.tmp`;
    try {
      await mkdir(dirname(this.file), { recursive: true });
      await writeFile(temporary, JSON.stringify({ engines }));
      await rename(temporary, this.file);
    } catch {
      return;
    }
  }
}

function cacheFolderOf(environment: Environment): string {
  const chosen = environment['XDG_CACHE_HOME'] ?? '';
  const home = environment['HOME'] ?? homedir();
  return join(chosen.startsWith('/') ? chosen : join(home, '.cache'), 'training-pipelines');
}
