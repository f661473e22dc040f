/** The labels by which what is on an engine is known to be of this program, and whose. */
export const labels = {
  run: 'training-pipelines.run',
  nonce: 'training-pipelines.nonce',
  installation: 'training-pipelines.installation',
  kind: 'training-pipelines.kind',
  key: 'training-pipelines.key',
} as const;

export const gpuLabels = {
  /** Numbers of the GPUs that a run has, or that a ticket claims. */
  gpus: 'training-pipelines.gpus',
  /** What a ticket waits for: `all`, a count, or numbers with commas. */
  wants: 'training-pipelines.wants',
  /** Since when, in seconds of the engine's clock; "" where the ticket is the first. */
  since: 'training-pipelines.since',
  title: 'training-pipelines.title',
} as const;
