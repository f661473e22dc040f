/**
 * Datasets on an engine that cannot read this machine's files. One volume for each installation holds the contents
 * (harness/datastore.py); each dataset is a volume of its own that shows one tree of it. That volume is made last, so whatever
 * has it is complete and was verified, and the engine itself refuses to remove it while a container refers to it.
 */
import * as z from 'zod';
import { ExpectedError } from '../../domain/errors';
import { labels } from './labels';
import { datasetVolumeName, plainHash, storeName } from './datasetNames';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { ignoring } from './runObjects';

export const datasetLabels = {
  tree: 'training-pipelines.tree',
  files: 'training-pipelines.files',
  bytes: 'training-pipelines.bytes',
  name: 'training-pipelines.name',
  sentAt: 'training-pipelines.sent',
  store: 'training-pipelines.store',
} as const;

const volumeSchema = z.object({
  Name: z.string(),
  Mountpoint: z.string(),
  CreatedAt: z.string().nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  Options: z.record(z.string(), z.string()).nullish(),
});
type Volume = z.infer<typeof volumeSchema>;

export interface SentDataset {
  readonly tree: string;
  /** What it was called where it came from. */
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  /** ISO 8601, or "". */
  readonly sentAt: string;
  readonly volume: string;
}

export interface DatasetStore {
  readonly volume: string;
  /** Tells a store from one of the same name that was removed meanwhile. */
  readonly token: string;
  /** Path on the engine's machine. */
  readonly mountpoint: string;
}

/** The path of a tree on the engine's machine. */
export const treePath = (store: Pick<DatasetStore, 'mountpoint'>, tree: string): string =>
  `${store.mountpoint}/trees/${plainHash(tree)}`;

async function findVolume(client: DockerClient, name: string, signal?: AbortSignal): Promise<Volume | undefined> {
  try {
    return await client.get(`/volumes/${name}`, volumeSchema, { signal });
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return undefined;
    throw error;
  }
}

export async function findStore(
  client: DockerClient,
  installation: string,
  signal?: AbortSignal,
): Promise<DatasetStore | undefined> {
  const found = await findVolume(client, storeName(installation), signal);
  const own = found?.Labels ?? {};
  if (found === undefined || own[labels.installation] !== installation) return undefined;
  return { volume: found.Name, token: own[datasetLabels.store] ?? '', mountpoint: found.Mountpoint };
}

export async function makeStore(
  client: DockerClient,
  installation: string,
  token: string,
  signal?: AbortSignal,
): Promise<DatasetStore> {
  const known = await findStore(client, installation, signal);
  if (known !== undefined) return known;
  const own = { [labels.installation]: installation, [labels.kind]: 'data', [datasetLabels.store]: token };
  const body = { Name: storeName(installation), Labels: own };
  return made(
    () => client.post('/volumes/create', z.unknown(), { body }, { signal }),
    () => findStore(client, installation, signal),
  );
}

/** Makes a volume, or finds the one that another has made at the same moment. */
async function made<T>(make: () => Promise<unknown>, find: () => Promise<T | undefined>): Promise<T> {
  let refusal: unknown = new Error('the volume that was made is not there');
  await make().catch((error: unknown) => {
    if (!(error instanceof DockerRefusal)) throw error;
    refusal = error;
  });
  const found = await find();
  if (found === undefined) throw refusal;
  return found;
}

/** The path of a dataset on the engine's machine; undefined where it is not there, or not all of it. */
export async function findDataset(
  client: DockerClient,
  installation: string,
  tree: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const [store, found] = await Promise.all([
    findStore(client, installation, signal),
    findVolume(client, datasetVolumeName(installation, tree), signal),
  ]);
  if (store === undefined || found === undefined) return undefined;
  return shows(found, store, tree) ? treePath(store, tree) : undefined;
}

export const datasetGone = (engine: string): ExpectedError =>
  new ExpectedError('dataset-missing', `The copy of the dataset on ${engine} was cleared meanwhile.`, 'Run again.');

/** A container that names a volume that is gone makes an empty one of that name, without labels. */
function shows(found: Volume, store: DatasetStore, tree: string): boolean {
  const own = found.Labels ?? {};
  return own[datasetLabels.tree] === tree && own[datasetLabels.store] === store.token;
}

/** The seal: only for a tree that is there and was verified. */
export async function sealDataset(
  client: DockerClient,
  installation: string,
  store: DatasetStore,
  dataset: Omit<SentDataset, 'volume'>,
  signal?: AbortSignal,
): Promise<void> {
  const name = datasetVolumeName(installation, dataset.tree);
  const old = await findVolume(client, name, signal);
  if (old !== undefined && shows(old, store, dataset.tree)) return;
  if (old !== undefined && isOurs(old, installation)) {
    await ignoring([404], () => client.delete(`/volumes/${name}`, {}, { signal }));
  }
  const body = {
    Name: name,
    Labels: {
      [labels.installation]: installation,
      [labels.kind]: 'dataset-tree',
      [datasetLabels.tree]: dataset.tree,
      [datasetLabels.store]: store.token,
      [datasetLabels.name]: dataset.name,
      [datasetLabels.files]: String(dataset.files),
      [datasetLabels.bytes]: String(dataset.bytes),
      [datasetLabels.sentAt]: dataset.sentAt,
    },
    Driver: 'local',
    DriverOpts: { type: 'none', o: 'bind', device: treePath(store, dataset.tree) },
  };
  await made(
    () => client.post('/volumes/create', z.unknown(), { body }, { signal }),
    () => findDataset(client, installation, dataset.tree, signal),
  );
}

/** Of an earlier store of this installation, or made by the engine itself for a container that named it. */
const isOurs = ({ Labels }: Volume, installation: string): boolean =>
  Object.keys(Labels ?? {}).length === 0 || Labels?.[labels.installation] === installation;

const listSchema = z.object({ Volumes: z.array(volumeSchema).nullish() });

/** Of this installation alone; newest first. */
export async function listDatasets(
  client: DockerClient,
  installation: string,
  signal?: AbortSignal,
): Promise<SentDataset[]> {
  const filters = JSON.stringify({ label: [`${labels.kind}=dataset-tree`] });
  const { Volumes } = await client.get('/volumes', listSchema, { query: { filters }, signal });
  return (Volumes ?? [])
    .flatMap((volume) => sentDataset(volume, installation))
    .sort((a, b) => (a.sentAt < b.sentAt ? 1 : -1));
}

function sentDataset({ Name, Labels }: Volume, installation: string): SentDataset[] {
  const own = Labels ?? {};
  const tree = own[datasetLabels.tree];
  if (own[labels.installation] !== installation || tree === undefined) return [];
  const number = (label: string): number => Number(own[label] ?? 0);
  return [
    {
      tree,
      volume: Name,
      name: own[datasetLabels.name] ?? '',
      files: number(datasetLabels.files),
      bytes: number(datasetLabels.bytes),
      sentAt: own[datasetLabels.sentAt] ?? '',
    },
  ];
}

const containersSchema = z.array(
  z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()).nullish(), State: z.string() }),
);

/** Runs (or ids of foreign containers) that refer to a volume. */
export async function usersOf(client: DockerClient, volume: string, signal?: AbortSignal): Promise<string[]> {
  const filters = JSON.stringify({ volume: [volume] });
  const found = await client.get('/containers/json', containersSchema, { query: { all: true, filters }, signal });
  return found.map(({ Id, Labels }) => Labels?.[labels.run] ?? Id.slice(0, 12));
}
