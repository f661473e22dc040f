/** Run with changes, run from a version: the panel, filled with what an earlier run or a version says. */
import type { Run } from '../../../runner/src/domain/run';
import { maskedSecret } from '../../../runner/src/domain/results';
import { emptyDraft, type Draft } from '../../../webview/src/protocol';
import type { Parts } from '../extensionContext';
import { draftOf } from '../panel/draftRequest';
import { chosenRun, pickVersion, versionOf } from '../pick';
import { secretsOf } from '../secrets';

export async function runWithChanges(parts: Parts, argument?: unknown): Promise<void> {
  const run = await chosenRun(parts.model, argument, 'any', 'Run with changes');
  if (run !== undefined) await parts.openDraft(await draftOfRun(parts, run));
}

export async function runFromVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = versionOf(argument) ?? (await pickVersion(parts.model, 'Run from which version?'));
  if (chosen === undefined) return;
  const place = placeOf(parts, chosen.name);
  const pipeline = (await parts.pipelines.pipelines()).find((one) => one.package === place);
  const base = pipeline === undefined ? emptyDraft : draftOf(pipeline, await storedSecrets(parts, pipeline.name));
  await parts.openDraft({ ...base, package: place, from: chosen.version });
}

const placeOf = (parts: Parts, name: string): string =>
  parts.model.packages.find((one) => one.name === name)?.folder ?? name;

async function storedSecrets(parts: Parts, pipeline: string, more: readonly string[] = []): Promise<Set<string>> {
  const saved = (await parts.pipelines.pipelines()).find((one) => one.name === pipeline);
  const names = [...new Set([...(saved?.secrets ?? []), ...more])];
  return new Set(Object.keys(await secretsOf(parts.secrets, parts.workspace ?? '', pipeline, names)));
}

/** What the run's document does not tell (limits, network) comes from the pipeline of that name. */
async function draftOfRun(parts: Parts, run: Run): Promise<Draft> {
  const secrets = Object.keys(run.parameters).filter((name) => run.parameters[name] === maskedSecret);
  const stored = await storedSecrets(parts, run.pipeline, secrets);
  const pipeline = (await parts.pipelines.pipelines()).find((one) => one.name === run.pipeline);
  const base = pipeline === undefined ? emptyDraft : draftOf(pipeline, stored);
  const parameters = Object.fromEntries(
    Object.entries(run.parameters).filter(([name, value]) => value !== maskedSecret && !isDefault(name, value)),
  );
  const shown = draftOf(
    {
      name: run.pipeline,
      package: placeOf(parts, run.package),
      dataset: run.dataset.path,
      engine: run.engine,
      gpu: run.gpu.requested,
      parameters,
      ...(secrets.length === 0 ? {} : { secrets }),
    },
    stored,
  );
  return { ...base, ...chosenParts(shown), name: pipeline?.name ?? '', from: run.from };
}

const isDefault = (name: string, value: string): boolean => name === 'artifacts_directory' && value === 'artifacts';

/** What a run's document tells of the form. */
function chosenParts(draft: Draft): Partial<Draft> {
  const { package: place, dataset, engine, gpuKind, gpuCount, gpuIds, parameters } = draft;
  const { saveTrainingData, artifactsDirectory } = draft;
  const subFolder = '';
  return {
    package: place,
    dataset,
    subFolder,
    engine,
    gpuKind,
    gpuCount,
    gpuIds,
    parameters,
    saveTrainingData,
    artifactsDirectory,
  };
}
