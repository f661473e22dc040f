/** A process that works on a store, for tests with several of them or that kill it: `node storeChild WORK FOLDER …`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '../../runner/src/store/openStore';
import { dyingDisk } from './dyingDisk';
import { runOf, stagedOf, versionOf } from './storeValues';

const [work = '', workspace = '', ...words] = process.argv.slice(2);
const dieAt = process.env.TRAINING_PIPELINES_TEST_DIE_AT;
const { disk, steps } = dyingDisk(workspace, dieAt === undefined ? undefined : Number(dieAt));
const store = openStore({ folder: join(workspace, 'store'), workspace, disk });
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function zipOf(content: string): Promise<string> {
  const { path } = await store.staging();
  await mkdir(path, { recursive: true });
  const zip = join(path, 'new.zip');
  await writeFile(zip, content, { flush: true });
  return zip;
}

/** Each run makes a version; every third one fails and gives its number back. */
async function train(name: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const id = store.runs.newId(new Date());
    const content = `${name} ${i}`;
    await store.runs.create({ run: runOf(id), intent: {} });
    const version = await store.versions.reserve('digits', '1.0', id);
    await store.versions.commit('digits', versionOf(version, id, content), await zipOf(content));
    await store.runs.write({ run: runOf(id, { state: 'Successful', version }), intent: {} });
    say(version);
  }
}

/** Publishes contents that nobody had until it is killed (or `count`), trains each, and says what was acknowledged. */
async function publish(name: string, count = Infinity): Promise<void> {
  await store.versions.claim('digits', 'digits');
  for (let i = 0; i < count; i++) {
    const content = `${name} ${i} `.repeat(500);
    say(`trying ${content.slice(0, 20)}`);
    const { version } = await store.versions.publish(
      'digits',
      stagedOf(await zipOf(content), content),
      '2026-01-01T00:00:00.000Z',
    );
    say(`published ${version} ${stagedOf('', content).zipDigest}`);
    const id = store.runs.newId(new Date());
    await store.runs.create({ run: runOf(id, { from: version }), intent: {} });
    const reserved = await store.versions.reserve('digits', version, id);
    await store.versions.commit('digits', versionOf(reserved, id, content), await zipOf(content));
    say(`published ${reserved} ${stagedOf('', content).zipDigest}`);
    await store.runs.write({ run: runOf(id, { state: 'Successful', version: reserved }), intent: {} });
    say(`ended ${id}`);
  }
}

/** Appends chunks 1 to `count` to a run's log, from where it is, a few at a time. */
async function follow(id: string, count: number): Promise<void> {
  const log = await store.runs.openLog(id);
  say('ready');
  let next = (log.cursor?.sequence ?? 0) + 1;
  while (next <= count) {
    const batch = Array.from({ length: Math.min(1 + (next % 7), count - next + 1) }, (_, i) => chunkOf(next + i));
    await log.append(batch);
    next += batch.length;
  }
  await log.close();
  say('done');
}

function chunkOf(sequence: number) {
  const stream = sequence % 10 === 0 ? 'event' : sequence % 3 === 0 ? 'stderr' : 'stdout';
  const text = stream === 'event' ? `{"n":${sequence}}` : `line ${sequence} ${'x'.repeat(sequence % 50)}\n`;
  const chunk = { sequence, time: sequence, stream, bytes: Buffer.from(text) } as const;
  return { chunk, cursor: { sequence, hint: String(sequence) } };
}

async function main(): Promise<void> {
  if (work === 'train') await train(words[0] ?? '', Number(words[1]));
  if (work === 'publish') await publish(words[0] ?? '');
  if (work === 'publishOnce') {
    await publish(words[0] ?? '', 1);
    say(`steps ${steps.length}`);
  }
  if (work === 'follow') await follow(words[0] ?? '', Number(words[1]));
}

void main();
