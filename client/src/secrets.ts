/** Values of secret parameters, in SecretStorage: by workspace, pipeline and name. */
import type { SecretPlace } from './keptSecrets';

const keyOf = (workspace: string, pipeline: string, name: string): string =>
  `trainingPipelines.secret:${JSON.stringify([workspace, pipeline, name])}`;

export async function secretsOf(
  storage: SecretPlace,
  workspace: string,
  pipeline: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = await storage.get(keyOf(workspace, pipeline, name));
    if (value !== undefined) found[name] = value;
  }
  return found;
}

export async function storeSecret(
  storage: SecretPlace,
  workspace: string,
  pipeline: string,
  name: string,
  value: string | undefined,
): Promise<void> {
  const key = keyOf(workspace, pipeline, name);
  await (value === undefined ? storage.delete(key) : storage.store(key, value));
}
