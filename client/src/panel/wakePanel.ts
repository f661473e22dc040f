/** A panel that came back with the window sleeps until its tab is shown. Opening another one beside it would leave its draft behind. */
import * as vscode from 'vscode';

const groups = ['First', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth', 'Seventh', 'Eighth'] as const;

/** Shows the tab of a sleeping panel, which brings it back through its serializer. False where there is none. */
export async function wakePanel(viewType: string): Promise<boolean> {
  const found = vscode.window.tabGroups.all
    .flatMap((group) => group.tabs.map((tab, index) => ({ group, tab, index })))
    .find(({ tab }) => tab.input instanceof vscode.TabInputWebview && tab.input.viewType.endsWith(viewType));
  const place = found === undefined ? undefined : groups[found.group.viewColumn - 1];
  if (found === undefined || place === undefined) return false;
  await vscode.commands.executeCommand(`workbench.action.focus${place}EditorGroup`);
  await vscode.commands.executeCommand('workbench.action.openEditorAtIndex', found.index);
  return true;
}
