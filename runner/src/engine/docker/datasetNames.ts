/** Names of what keeps datasets on an engine. */
import type { RunRef } from '../engine';

export const plainHash = (tree: string): string => tree.replace(/^sha256:/, '');

export const storeName = (installation: string): string => `training-pipelines-data-${installation}`;
export const datasetVolumeName = (installation: string, tree: string): string =>
  `${storeName(installation)}-${plainHash(tree).slice(0, 32)}`;

/** The helper that takes a dataset, and the container by which the engine unpacks it. */
export const senderName = (ref: Pick<RunRef, 'runId'>): string => `training-pipelines-${ref.runId}-send`;
export const inboxName = (ref: Pick<RunRef, 'runId'>): string => `training-pipelines-${ref.runId}-inbox`;
