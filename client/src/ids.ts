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
  copyPath: 'trainingPipelines.copyPath',
  loadMore: 'trainingPipelines.loadMore',
  runWithChanges: 'trainingPipelines.runWithChanges',
  runFromVersion: 'trainingPipelines.runFromVersion',
  compareRuns: 'trainingPipelines.compareRuns',
  compareWorkingFolder: 'trainingPipelines.compareWorkingFolder',
  takeOverVersion: 'trainingPipelines.takeOverVersion',
  renameRun: 'trainingPipelines.renameRun',
  starRun: 'trainingPipelines.starRun',
  unstarRun: 'trainingPipelines.unstarRun',
  noteRun: 'trainingPipelines.noteRun',
  searchRuns: 'trainingPipelines.searchRuns',
  filterRuns: 'trainingPipelines.filterRuns',
  clearFilter: 'trainingPipelines.clearFilter',
  groupRuns: 'trainingPipelines.groupRuns',
  goToVersion: 'trainingPipelines.goToVersion',
  openRunOfVersion: 'trainingPipelines.openRunOfVersion',
  revealVersion: 'trainingPipelines.revealVersion',
  revealFile: 'trainingPipelines.revealFile',
  openToSide: 'trainingPipelines.openToSide',
  saveFileAs: 'trainingPipelines.saveFileAs',
  markPackage: 'trainingPipelines.markPackage',
  showRuns: 'trainingPipelines.showRuns',
  openWalkthrough: 'trainingPipelines.openWalkthrough',
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
  run: 'trainingPipelines.run',
  compare: 'trainingPipelines.compare',
} as const;

export const contextKeys = {
  hasFolder: 'trainingPipelines.hasFolder',
  hasPackages: 'trainingPipelines.hasPackages',
  hasRuns: 'trainingPipelines.hasRuns',
  runnerGone: 'trainingPipelines.runnerGone',
  hasVersions: 'trainingPipelines.hasVersions',
  hasFilter: 'trainingPipelines.hasFilter',
  hasSuccess: 'trainingPipelines.hasSuccess',
  isLoaded: 'trainingPipelines.isLoaded',
} as const;

/** `contextValue` of tree items; menus are bound to these. */
export const items = {
  package: 'package',
  importedPackage: 'package-imported',
  workingFolder: 'workingFolder',
  version: 'version-published',
  trainedVersion: 'version-trained',
  activeRun: 'run-active',
  endedRun: 'run-ended',
  group: 'group',
  results: 'results',
  field: 'field',
  zip: 'zip',
  log: 'log',
  artifact: 'artifact',
  artifactFolder: 'artifact-folder',
  file: 'file',
} as const;

export const settings = {
  section: 'trainingPipelines',
  engine: 'engine',
  engines: 'engines',
  store: 'store',
  python: 'python',
} as const;

/** Read-only files of a version: `training-pipelines:/digits/1.1/train.py`. */
export const versionScheme = 'training-pipelines';

export const taskType = 'training-pipeline';
