/** Commands that a page may ask for by a name of its own, so that no page names a command freely. */
import * as vscode from 'vscode';
import type { PageMessage } from '../../../webview/src/protocol';
import { commands } from '../ids';

type Named = Extract<PageMessage, { kind: 'command' }>['command'];

const ids: Readonly<Record<Exclude<Named, 'openJson'>, string>> = {
  newPackage: commands.newPackage,
  importPackage: commands.importPackage,
  usePackageFolder: 'trainingPipelines.markPackage',
  openFolder: 'vscode.openFolder',
  manageTrust: 'workbench.trust.manage',
  showRunnerLog: commands.showRunnerLog,
  restartRunner: commands.restartRunner,
  showProblems: 'workbench.actions.view.problems',
};

export async function panelCommand(name: Exclude<Named, 'openJson'>): Promise<void> {
  await vscode.commands.executeCommand(ids[name]);
}
