/** New ML package: a folder with a train.py that satisfies the contract, to start from. */
import * as vscode from 'vscode';
import { ExpectedError } from '../../../runner/src/domain/errors';
import { packageNameProblem } from '../../../runner/src/domain/packageName';
import type { Parts } from '../extensionContext';

export async function newPackage(parts: Parts): Promise<void> {
  if (parts.workspace === undefined) {
    throw new ExpectedError(
      'usage',
      'No folder is open.',
      'Open a folder; its packages, versions and runs are kept inside it.',
    );
  }
  const root = vscode.Uri.file(parts.workspace);
  const name = await vscode.window.showInputBox({
    title: 'New ML package',
    prompt: 'Name of the package; its folder is made in the workspace.',
    value: 'my_package',
    validateInput: async (text) => problemOf(root, text),
  });
  if (name === undefined) return;
  const folder = vscode.Uri.joinPath(root, name);
  const train = vscode.Uri.joinPath(folder, 'train.py');
  await vscode.workspace.fs.createDirectory(folder);
  await vscode.workspace.fs.writeFile(train, Buffer.from(trainTemplate));
  await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder, 'requirements.txt'), Buffer.from(''));
  await vscode.window.showTextDocument(train);
  await parts.model.refresh();
}

async function problemOf(root: vscode.Uri, name: string): Promise<string | undefined> {
  const problem = packageNameProblem(name);
  if (problem !== undefined) return `The name ${problem}.`;
  const there = await vscode.workspace.fs.stat(vscode.Uri.joinPath(root, name)).then(
    () => true,
    () => false,
  );
  return there ? `${name} is there already.` : undefined;
}

const trainTemplate = `"""Counts what is in the dataset; replace it with your training."""
import json
import os


class Main:
    def __init__(self):
        self.model = None

    def train(self, data_directory):
        files = sorted(os.listdir(data_directory))
        self.model = {"files": len(files)}
        print(json.dumps({"metric": "files", "value": len(files)}))
        report = os.path.join(os.environ["artifacts_directory"], "report.txt")
        with open(report, "w") as out:
            out.write("\\n".join(files))

    def save(self):
        with open("model.json", "w") as out:
            json.dump(self.model, out)
`;
