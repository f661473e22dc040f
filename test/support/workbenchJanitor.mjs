// Ends a workbench whose test was killed: node workbenchJanitor.mjs OWNER_PID WORKBENCH_PID FOLDER
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, removeTree } from './cache.mjs';

const [owner, workbench, folder] = process.argv.slice(2);
while (isAlive(Number(owner)) && isAlive(Number(workbench))) await delay(1000);
if (isAlive(Number(workbench))) {
  process.kill(-Number(workbench), 'SIGKILL');
  removeTree(folder);
}
