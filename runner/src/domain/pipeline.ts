/** Saved pipelines and configured packages: the content of `.vscode/training-pipelines.json`. */
import * as z from 'zod';

export const configurationPath = '.vscode/training-pipelines.json';

export const packageSettingsSchema = z.object({
  name: z.string().optional().describe('The name under which the package is published; by default its folder’s name.'),
  python: z.string().optional().describe('The Python version that runs the package, like "3.11".'),
});
export type PackageSettings = z.infer<typeof packageSettingsSchema>;

/** No limit where a value is absent. */
export const limitsSchema = z.object({
  memory: z.string().optional().describe('Memory, like "8g" or "512m".'),
  cpus: z.union([z.string(), z.number()]).optional().describe('CPUs, like "4" or "1.5".'),
  shm: z.string().optional().describe('Shared memory (/dev/shm), like "2g".'),
  timeout: z.string().optional().describe('Time limit of training, like "2h", "90m" or "45s".'),
});
export type Limits = z.infer<typeof limitsSchema>;

export const datasetAccessModes = ['read-only', 'copy'] as const;
export type DatasetAccess = (typeof datasetAccessModes)[number];
export const networkModes = ['bridge', 'none'] as const;
export type Network = (typeof networkModes)[number];

export const pipelineSchema = z.object({
  name: z.string().min(1).describe('Name of the pipeline.'),
  package: z.string().min(1).describe('Folder of the package, relative to the workspace.'),
  from: z.string().optional().describe('Version to start from, like "1.0"; by default the working folder.'),
  dataset: z.string().optional().describe('Dataset folder, relative to the workspace.'),
  datasetAccess: z.enum(datasetAccessModes).optional().describe('"copy" gives training a private writable view.'),
  gpu: z.union([z.string(), z.int()]).optional().describe('"none", "all", a count, or ids with commas between them.'),
  engine: z.string().optional().describe('Name of the engine, as `training-pipelines engines` lists it.'),
  image: z.string().optional().describe('Base image of the container.'),
  network: z.enum(networkModes).optional().describe('"none" cuts the run off the network.'),
  parameters: z
    .record(z.string(), z.string())
    .optional()
    .describe('Environment variables of the run; values are text.'),
  secrets: z.array(z.string()).optional().describe('Names of parameters whose values are kept outside of this file.'),
  limits: limitsSchema.optional().describe('Limits of the container; none where a value is absent.'),
});
export type Pipeline = z.infer<typeof pipelineSchema>;

export const configurationSchema = z.object({
  packages: z
    .record(z.string(), packageSettingsSchema)
    .optional()
    .describe('Packages by folder, relative to the workspace, with what cannot be told from the folder.'),
  pipelines: z
    .array(pipelineSchema)
    .optional()
    .describe('Saved choices of package, dataset, engine and parameters. Options of the command line win over them.'),
});
export type Configuration = z.infer<typeof configurationSchema>;
