/** Engines that the user defines: the file engines.json in the user's configuration folder, and the setting of the editor. */
import * as z from 'zod';

/** Names of the engines that are always there. */
export const ownEngineNames: readonly string[] = ['docker', 'process'];

export const engineNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export const engineDefinitionSchema = z.strictObject({
  /** What `--engine` and a workspace call it; not `docker` or `process`. */
  name: z.string().regex(engineNamePattern),
  /** `ssh://user@host`, `tcp://host:2376`, `unix:///path` or `npipe:////./pipe/name`. */
  host: z.string().min(1).max(500),
  /** For `tcp://`: files with the CA, the client's certificate and its key; relative to engines.json. All three or none. */
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  /** For `tcp://`: the name that the server's certificate holds, where it is not the host's. */
  serverName: z.string().optional(),
  /** True: `tcp://` without TLS is wanted; only to an address of the loopback. */
  plainLoopback: z.boolean().optional(),
});
export type EngineDefinition = z.infer<typeof engineDefinitionSchema>;

export const engineDefinitionsSchema = z.strictObject({
  $schema: z.string().optional(),
  engines: z.array(engineDefinitionSchema),
});
