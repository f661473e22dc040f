/** Every id that the manifest and the code share; a manifest test keeps them in step. */

export const commands = {
  newPackage: 'trainingPipelines.newPackage',
  openPanel: 'trainingPipelines.openPanel',
  runPipeline: 'trainingPipelines.runPipeline',
  runAgain: 'trainingPipelines.runAgain',
  stopRun: 'trainingPipelines.stopRun',
  openRun: 'trainingPipelines.openRun',
  showLog: 'trainingPipelines.showLog',
  showResults: 'trainingPipelines.showResults',
  publishVersion: 'trainingPipelines.publishVersion',
  importPackage: 'trainingPipelines.importPackage',
  exportVersion: 'trainingPipelines.exportVersion',
  compareVersions: 'trainingPipelines.compareVersions',
  verifyVersion: 'trainingPipelines.verifyVersion',
  restoreVersion: 'trainingPipelines.restoreVersion',
  selectEngine: 'trainingPipelines.selectEngine',
  refresh: 'trainingPipelines.refresh',
  deleteVersion: 'trainingPipelines.deleteVersion',
  deleteRun: 'trainingPipelines.deleteRun',
  revealRun: 'trainingPipelines.revealRun',
  copyId: 'trainingPipelines.copyId',
  duplicatePipeline: 'trainingPipelines.duplicatePipeline',
  renamePipeline: 'trainingPipelines.renamePipeline',
  deletePipeline: 'trainingPipelines.deletePipeline',
  openPipelineJson: 'trainingPipelines.openPipelineJson',
  runPanel: 'trainingPipelines.runPanel',
  browseDataset: 'trainingPipelines.browseDataset',
  showRunnerLog: 'trainingPipelines.showRunnerLog',
  restartRunner: 'trainingPipelines.restartRunner',
} as const;

export const views = {
  packages: 'trainingPipelines.packages',
  runs: 'trainingPipelines.runs',
} as const;

/** Our webview panels. */
export const pages = {
  panel: 'trainingPipelines.panel',
} as const;

export const contextKeys = {
  hasFolder: 'trainingPipelines.hasFolder',
  hasPackages: 'trainingPipelines.hasPackages',
  hasRuns: 'trainingPipelines.hasRuns',
  runnerGone: 'trainingPipelines.runnerGone',
} as const;

/** `contextValue` of tree items; menus are bound to these. */
export const items = {
  package: 'package',
  workingFolder: 'workingFolder',
  version: 'version',
  activeRun: 'run-active',
  endedRun: 'run-ended',
  artifact: 'artifact',
  file: 'file',
} as const;

export const settings = {
  section: 'trainingPipelines',
  engine: 'engine',
  engines: 'engines',
  image: 'image',
  store: 'store',
  python: 'python',
} as const;

/** Read-only files of a version: `training-pipelines:/digits/1.1/train.py`. */
export const versionScheme = 'training-pipelines';

export const taskType = 'training-pipeline';
