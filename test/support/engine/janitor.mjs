// Outlives a test that was killed, and then removes its engine: node janitor.mjs OWNER_PID ENGINE_FOLDER
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../cache.mjs';
import { discard, readRecord, recordOf } from './running.mjs';

const [owner, folder] = process.argv.slice(2);
while (isAlive(Number(owner)) && existsSync(folder)) await delay(1000);
if (existsSync(recordOf(folder))) await discard(readRecord(folder));
