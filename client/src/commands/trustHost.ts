/** Asks about the host key of an engine behind ssh that is not known yet, with its fingerprint; accepts it where the user does. */
import * as vscode from 'vscode';
import { askEnginesRequest, hostKeyRequest, trustHostRequest } from '../../../runner/src/protocol';
import type { RunnerClient } from '../runnerClient';

export async function trustHost(runner: RunnerClient, engine: string): Promise<void> {
  const [facts] = await runner.request(askEnginesRequest, { names: [engine] });
  // Only an unknown key has a fingerprint to accept; a changed or revoked one is refused for good.
  if (facts?.state !== 'unreachable' || facts.problem?.hint.includes('--fingerprint') !== true) return;
  const { fingerprint, type, host } = await runner.request(hostKeyRequest, { engine });
  const accept = 'Accept the key';
  const detail = `${type}\n${fingerprint}\n\nCompare it with what the host's administrator says. Nothing was sent yet.`;
  const answer = await vscode.window.showWarningMessage(
    `${host} shows a host key that is not known yet.`,
    { modal: true, detail },
    accept,
  );
  if (answer === accept) await runner.request(trustHostRequest, { engine, fingerprint });
}
