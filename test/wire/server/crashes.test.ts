import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { Client, pulling } from './connect';

it('a document that breaks the check twice is set aside with a message until it is opened again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tp-server-'));
  const uri = pathToFileURL(join(folder, 'train.py')).href;
  let broken = false;
  const client = await Client.start(folder, pulling, {}, () => {
    if (broken) throw new Error('broken on purpose');
    return performance.now();
  });
  const asides: unknown[] = [];
  const messages: unknown[] = [];
  client.connection.onNotification('trainingPipelines/setAside', (params: unknown) => void asides.push(params));
  client.connection.onNotification('window/showMessage', (params: unknown) => void messages.push(params));
  await client.open(uri, 'class Main: pass\n');
  expect(await client.codes(uri)).toEqual(['train-missing', 'save-missing']);
  broken = true;
  await client.change(uri, [{ text: 'class Main: pass\nx = 1\n' }]);
  expect(await client.codes(uri)).toEqual([]);
  expect(asides).toMatchObject([{ uri }]);
  expect(messages).toMatchObject([{ message: expect.stringContaining('train.py') as string }]);
  broken = false;
  expect(await client.codes(uri)).toEqual([]);
  await client.close(uri);
  await client.open(uri, 'class Main: pass\n');
  expect(await client.codes(uri)).toEqual(['train-missing', 'save-missing']);
  client.dispose();
  await rm(folder, { recursive: true, force: true });
});
