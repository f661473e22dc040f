/** Which GPUs an engine can really give: asked in a container on it, since the API names none and accepting a request proves nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { engineWords } from '../../domain/engineFacts';
import { ExpectedError } from '../../domain/errors';
import { gpuById, gpuStyles, type GpuDetail, type GpuFacts, type GpuTrouble } from '../../domain/gpuFacts';
import type { GpuRequest } from '../../domain/gpuRequest';
import { demux } from './demux';
import { deviceRequest } from './deviceRequest';
import { DockerRefusal, type DockerClient } from './dockerClient';
import type { EngineInfo } from './engineInfo';
import { gpuTrouble, troubleKind } from './gpuWords';
import { environmentRepository } from './images';
import { labels } from './labels';

type Style = GpuFacts['style'];

/** One container, at most two where the first way of asking gives nothing, and one that looks for a card. */
export async function lookUpGpus(client: DockerClient, info: EngineInfo, signal?: AbortSignal): Promise<GpuFacts> {
  const images = await imagesToAskIn(client, signal);
  const style = info.gpuStyle;
  if (images.length === 0) return { style, gpus: [], trouble: notAsked(client.engine) };
  const styles = [style, ...gpuStyles.filter((other) => other !== style)];
  const answers: Answer[] = [];
  for (const one of styles) {
    const answer = await askIn(client, images, one, signal);
    if (answer.gpus.length > 0) return { style: one, gpus: answer.gpus, trouble: null };
    answers.push(answer);
  }
  const kinds = answers.map(({ text }) => troubleKind(text));
  const telling = order.find((kind) => kinds.includes(kind)) ?? 'other';
  const card = await findCard(client, images, signal);
  const context = { engine: client.engine, isPodman: info.isPodman, ...card };
  return { style, gpus: [], trouble: gpuTrouble(telling, answers[kinds.indexOf(telling)]?.text ?? '', context) };
}

/** What says most comes first. */
const order: readonly GpuTrouble['kind'][] = [
  'driver-old',
  'driver-mismatch',
  'driver-missing',
  'none',
  'silent',
  'other',
  'toolkit',
  'id',
];

const notAsked = (engine: string): GpuTrouble => ({
  kind: 'not-asked',
  message: `${engine} has no image yet to look for GPUs in.`,
  hint: 'After the first run it is known.',
});

const imagesSchema = z.array(z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish() }));
const mostImages = 3;

/** Ours first: they have what is needed. Which image hardly matters, for the toolkit brings nvidia-smi along. */
export async function imagesToAskIn(client: DockerClient, signal?: AbortSignal): Promise<string[]> {
  const found = await client.get('/images/json', imagesSchema, { signal });
  const rank = ({ RepoTags }: { RepoTags?: string[] | null | undefined }): number => {
    const tags = (RepoTags ?? []).join(' ');
    if (tags.includes(environmentRepository)) return 0;
    return /cuda|nvidia|gpu|python|torch/.test(tags) ? 1 : 2;
  };
  return [...found]
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, mostImages)
    .map(({ Id }) => Id);
}

interface Answer {
  readonly gpus: GpuDetail[];
  /** What was said where there are none. */
  readonly text: string;
}

const query = ['--query-gpu=index,uuid,name,driver_version,memory.total', '--format=csv,noheader,nounits'];

/** Where one image has no nvidia-smi and the engine adds none, another may have it. */
async function askIn(
  client: DockerClient,
  images: readonly string[],
  style: Style,
  signal?: AbortSignal,
): Promise<Answer> {
  let answer: Answer = { gpus: [], text: '' };
  for (const image of images) {
    const request = { DeviceRequests: [deviceRequest({ kind: 'all' }, style)] };
    const said = await runProbe(client, { image, command: ['nvidia-smi', ...query], host: request }, signal);
    answer =
      said.exitCode === 0
        ? { gpus: parseGpus(said.text), text: 'no devices were found' }
        : { gpus: [], text: said.text };
    if (answer.gpus.length > 0 || troubleKind(answer.text) !== 'silent') return answer;
  }
  return answer;
}

export function parseGpus(text: string): GpuDetail[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(',').map((field) => field.trim());
    const [id = '', uuid = ''] = fields;
    const [driver = '', mebibytes = ''] = fields.slice(-2);
    if (fields.length < 5 || !/^\d+$/.test(id)) return [];
    // A model's name may hold a comma.
    const model = fields.slice(2, -2).join(', ');
    // Unified memory: the card has none of its own, and nvidia-smi says [N/A].
    const memory = /^\d+$/.test(mebibytes) ? Number(mebibytes) * 1024 * 1024 : null;
    return [{ id, uuid, model, driver, memory }];
  });
}

/** Cards show on the PCI bus to any container; a loaded driver shows in /proc. Prints how many, and the driver's version. */
const cardCode = [
  'import glob,re',
  'def read(p):',
  ' try: return open(p).read()',
  ' except OSError: return ""',
  'd="/sys/bus/pci/devices/*/vendor"',
  'n=sum(read(p).strip()=="0x10de" and read(p[:-6]+"class").startswith("0x03") for p in glob.glob(d))',
  'v=read("/proc/driver/nvidia/version")',
  'm=re.search(r"Module\\s+(?:for \\S+\\s+)?([\\d.]+)",v)',
  'print(max(n,1 if v else 0),m.group(1) if m else "")',
].join('\n');

async function findCard(client: DockerClient, images: readonly string[], signal?: AbortSignal) {
  for (const image of images) {
    const command = ['python3', '-I', '-S', '-c', cardCode];
    const { exitCode, text } = await runProbe(client, { image, command, host: {} }, signal);
    const [, count = '0', driver = ''] = /^(\d+) ?(\S*)/.exec(text) ?? [];
    if (exitCode === 0) return { hasCard: Number(count) > 0, driver };
  }
  return { hasCard: false, driver: '' };
}

interface Probe {
  readonly image: string;
  readonly command: readonly string[];
  readonly host: Readonly<Record<string, unknown>>;
}

const stateSchema = z.object({ State: z.object({ Running: z.boolean(), ExitCode: z.number() }) });
const mostMilliseconds = 30_000;

/** Runs to its end and goes. Exit code null: it was refused, and the text is the engine's. */
async function runProbe(
  client: DockerClient,
  { image, command: [program, ...args], host }: Probe,
  signal?: AbortSignal,
): Promise<{ readonly exitCode: number | null; readonly text: string }> {
  const body = {
    Image: image,
    Entrypoint: [program],
    Cmd: args,
    Healthcheck: { Test: ['NONE'] },
    // Images may narrow it down to what does not bring nvidia-smi.
    Env: ['NVIDIA_DRIVER_CAPABILITIES=compute,utility'],
    Labels: { [labels.kind]: 'probe' },
    HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'], LogConfig: { Type: 'json-file', Config: {} }, ...host },
  };
  let id: string | undefined;
  try {
    const options = { signal, timeoutMilliseconds: mostMilliseconds };
    id = (await client.post('/containers/create', z.object({ Id: z.string() }), { body }, options)).Id;
    await client.post(`/containers/${id}/start`, z.unknown(), {}, options);
    const exitCode = await exitOf(client, id, signal);
    return { exitCode, text: await textOf(client, id, signal) };
  } catch (error) {
    if (!(error instanceof DockerRefusal)) throw error;
    return { exitCode: null, text: error.message };
  } finally {
    if (id !== undefined) await client.delete(`/containers/${id}`, { force: true }).catch(() => undefined);
  }
}

async function exitOf(client: DockerClient, id: string, signal?: AbortSignal): Promise<number> {
  const deadline = performance.now() + mostMilliseconds;
  for (let pause = 20; ; pause = Math.min(pause * 2, 500)) {
    const { State } = await client.get(`/containers/${id}/json`, stateSchema, { signal });
    if (!State.Running) return State.ExitCode;
    if (performance.now() > deadline) return 124;
    await delay(pause, undefined, { signal });
  }
}

const mostText = 64 * 1024;

async function textOf(client: DockerClient, id: string, signal?: AbortSignal): Promise<string> {
  const stream = await client.stream('GET', `/containers/${id}/logs`, { stdout: true, stderr: true }, { signal });
  const parts: Buffer[] = [];
  let length = 0;
  for await (const { data } of demux(stream)) {
    length += data.length;
    if (length <= mostText) parts.push(data);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Throws where the engine surely can't give what is asked for. */
export function checkGpus(name: string, facts: GpuFacts, gpu: GpuRequest): void {
  if (gpu.kind === 'none' || facts.trouble?.kind === 'not-asked') return;
  const { gpus, trouble } = facts;
  const engine = engineWords(name);
  if (trouble !== null) throw new ExpectedError('gpu-unavailable', trouble.message, trouble.hint);
  const has = gpus.length === 1 ? '1 GPU' : `${gpus.length} GPUs`;
  if (gpu.kind === 'count' && gpu.count > gpus.length) {
    const message = `${engine} has ${has}; ${gpu.count} are asked for.`;
    throw new ExpectedError('gpu-unavailable', message, `Run with --gpu ${gpus.length} or fewer.`);
  }
  const unknown = gpu.kind === 'ids' ? gpu.ids.find((id) => !isPart(id) && gpuById(gpus, id) === undefined) : undefined;
  if (unknown === undefined) return;
  const ids = gpus.map(({ id, model }) => `${id} (${model})`).join(', ');
  throw new ExpectedError('gpu-unavailable', `${engine} has no GPU ${unknown}.`, `It has ${ids}.`);
}

/** A part of a card has an id of its own, which the list of cards does not hold. */
const isPart = (id: string): boolean => /^mig-/i.test(id) || id.includes(':');
