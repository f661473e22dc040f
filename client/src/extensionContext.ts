/** What commands and views share, made once by `activate`. */
import type * as vscode from 'vscode';
import type { SecretPlace } from './keptSecrets';
import type { PanelAction } from './panel/panelHost';
import type { RunnerClient } from './runnerClient';
import type { WorkspaceModel } from './workspaceModel';
import type { PackagesTree } from './tree/packagesTree';
import type { RunsTree } from './tree/runsTree';
import type { PipelineSettings } from './pipelineSettings';
import type { Draft } from '../../webview/src/protocol';
import type { Views } from './views';

export interface Parts {
  /** The first folder of the workspace; absolute path. Undefined where no folder is open. */
  readonly workspace: string | undefined;
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly runner: RunnerClient;
  readonly model: WorkspaceModel;
  readonly runsTree: RunsTree;
  readonly packagesTree: PackagesTree;
  readonly pipelines: PipelineSettings;
  readonly secrets: SecretPlace;
  /** What is remembered for the user, in every workspace. */
  readonly memory: vscode.Memento;
  /** Absolute path of the store, once the runner told it. */
  readonly storeFolder: () => string;
  readonly openPanel: (pipeline?: string, packageFolder?: string) => Promise<void>;
  /** What the panel's title menu does, on the panel that is open or on a pipeline that is chosen. */
  readonly actOnPanel: (action: PanelAction) => Promise<void>;
  /** The panel with a form that is filled already. */
  readonly openDraft: (draft: Draft) => Promise<void>;
  readonly openRun: (id: string) => Promise<void>;
  readonly openCompare: (left: string, right: string) => Promise<void>;
  /** Tells how a run goes that was started without a page. */
  readonly showProgress: (id: string) => void;
  /** The run whose page is in front, for keys that act on it. */
  readonly frontRun: () => string | undefined;
  readonly views: Views;
}
