/** Many at once over an sshd with its default limits (MaxStartups 10:30:100, MaxSessions 10): nobody is turned away. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { overSsh, type DockerPlace } from '../support/dockerPlace';
import { startFarEngine, type FarEngine, type FarSshd } from '../support/engine.mjs';
import { engineRun } from '../support/engineRun';
import { main } from '../support/localRun';

const crowd = 40;
const turnedAway = /drop connection|past MaxStartups|no more sessions/i;

/** More than an sshd takes as sessions of one connection. */
const fewer = 14;

let far: FarEngine;
let forbidding: FarSshd;
beforeAll(async () => {
  far = await startFarEngine();
  forbidding = await far.startSshd({ port: 2205, lines: ['AllowStreamLocalForwarding no', 'LogLevel VERBOSE'] });
});
afterAll(() => far.stop());

const place = (port: number): DockerPlace => {
  const client = far.makeClient(`crowd-${port}`);
  client.setKnown(
    [22, port].map((one) => `[${far.address}]:${one} ${far.sshd.hostKey}\n`).join('') +
      `${far.address} ${far.sshd.hostKey}\n`,
  );
  return overSsh(far, `ssh://root@${far.address}:${port}`, client);
};

async function trainAll(places: readonly DockerPlace[]): Promise<string[]> {
  const all = places.map(async (one) => {
    const run = await engineRun(one, main('print("trained", flush=True)'));
    try {
      return (await run.record()).outcome;
    } finally {
      await run.dispose();
    }
  });
  return Promise.all(all);
}

describe('runs at once', () => {
  it('share one connection, 40 of them and however many processes they belong to', async () => {
    const outcomes = await trainAll(Array.from({ length: crowd }, () => place(22)));
    expect(new Set(outcomes)).toEqual(new Set(['completed']));
    expect(far.sshd.log()).not.toMatch(turnedAway);
    expect(far.sshd.log().split('Accepted publickey').length - 1).toBe(1);
  });

  it('are let in one after another where each needs sessions', async () => {
    const one = place(2205);
    const outcomes = await trainAll(Array.from({ length: fewer }, () => one));
    expect(new Set(outcomes)).toEqual(new Set(['completed']));
    expect(forbidding.log()).not.toMatch(turnedAway);
  });
});
