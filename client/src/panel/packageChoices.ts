/** The packages that a form can choose from, with what is known of their versions. */
import type { PackageChoice } from '../../../webview/src/protocol';
import type { WorkspaceModel } from '../workspaceModel';

export const packageChoices = (model: WorkspaceModel): readonly PackageChoice[] =>
  model.packages.map((one) => {
    const made = model
      .versionsOf(one.name)
      .map(({ version, createdAt, run }) => [version, { at: createdAt, trained: run !== '' }]);
    return { ...one, made: Object.fromEntries(made) as PackageChoice['made'] & object };
  });
