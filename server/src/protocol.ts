/** What clients of ours and the language server tell each other beside the Language Server Protocol. */
import * as z from 'zod';
import { rangeSchema } from '../../runner/src/domain/finding';

/** The state of the newest runs of a package, for CodeLens, hover and the failing line. */
export const runFactsSchema = z.object({
  id: z.string(),
  /** Shown name of the run's pipeline, or the package's. */
  pipeline: z.string(),
  /** Versions: `"1.0"` or `""`. */
  from: z.string(),
  version: z.string(),
  /** In the words of DESIGN.md: Scheduled, Packaging, …, Successful, Failed, Killed. */
  state: z.string(),
  /** Text of the state for people, like "Successful, 6.2 s, val_accuracy 0.982". */
  summary: z.string(),
  /** Milliseconds since the epoch; null while it goes on. */
  endedAt: z.number().nullable(),
  cause: z
    .object({
      message: z.string(),
      /** Outermost frame first; `file` relative to the package where the frame is the user's. */
      traceback: z.array(
        z.object({ file: z.string(), line: z.number(), function: z.string(), text: z.string().nullable().optional() }),
      ),
    })
    .nullable(),
});
export type RunFacts = z.infer<typeof runFactsSchema>;

/** Client to server, a notification: all that it knows of the runs of one package; replaces what was told before. */
export const runsChangedMethod = 'trainingPipelines/runsChanged';
export const runsChangedSchema = z.object({
  /** URI of the package's folder. */
  folder: z.string(),
  /** Newest first. */
  runs: z.array(runFactsSchema),
  /** The version that a run from the working folder would make now, like "2.2"; "" where that is not known. */
  next: z.string().default(''),
});
export type RunsChanged = z.infer<typeof runsChangedSchema>;

/** Client to server, a request: where the last run of the document's package failed; a Location or null. */
export const failingFrameMethod = 'trainingPipelines/failingFrame';
export const failingFrameSchema = z.object({ uri: z.string() });

/** Client to server, a request: folders of packages in the workspace, configured or found. */
export const packagesMethod = 'trainingPipelines/packages';
export const packagesResultSchema = z.object({
  packages: z.array(z.object({ folder: z.string(), name: z.string(), configured: z.boolean(), errors: z.number() })),
});
export type PackagesResult = z.infer<typeof packagesResultSchema>;

/** Client to server, a notification: folders (URIs) that the user has marked as packages. */
export const markPackagesMethod = 'trainingPipelines/markPackages';
export const markPackagesSchema = z.object({ folders: z.array(z.string()) });

/** Server to client, a notification: a document that the server cannot look at without crashing is left alone. */
export const setAsideMethod = 'trainingPipelines/setAside';
export const setAsideSchema = z.object({ uri: z.string(), message: z.string(), range: rangeSchema.optional() });

/** Commands that CodeLens and code actions name; a client that lacks one leaves the lens without effect. */
export const clientCommands = {
  run: 'trainingPipelines.runPipeline',
  openPanel: 'trainingPipelines.openPipeline',
  openRun: 'trainingPipelines.openRun',
  stopRun: 'trainingPipelines.stopRun',
  showProblems: 'workbench.actions.view.problems',
} as const;

/** `trainingPipelines.*`, as far as the server reads them. */
export const settingsSchema = z.object({
  check: z
    .object({
      /** Findings of the group "upload". */
      upload: z.boolean().default(false),
      enabled: z.boolean().default(true),
    })
    .default({ upload: false, enabled: true }),
});
export type ServerSettings = z.infer<typeof settingsSchema>;
