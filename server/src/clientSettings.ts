/** What the client can do and how it is set: `trainingPipelines.*` and `files.exclude`. */
import type { Connection, InitializeParams } from 'vscode-languageserver';
import { excludeSchema, excluder } from './excludedFiles';
import { isInside, pathInside } from './packageChecks';
import { settingsSchema, type ServerSettings } from './protocol';

const defaults: ServerSettings = { check: { upload: false, enabled: true } };

export class ClientSettings {
  current: ServerSettings = defaults;
  canRegisterWatchers = false;
  canRegisterConfiguration = false;
  hasFolders = false;
  private canAsk = false;
  private excluded: (path: string) => boolean = () => false;
  constructor(private readonly connection: Connection) {}

  initialize({ capabilities, initializationOptions }: InitializeParams): void {
    const { workspace } = capabilities;
    this.canAsk = workspace?.configuration === true;
    this.hasFolders = workspace?.workspaceFolders === true;
    this.canRegisterWatchers = workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    this.canRegisterConfiguration = workspace?.didChangeConfiguration?.dynamicRegistration === true;
    this.take(initializationOptions);
  }

  /** True where the client answered. */
  async fetch(): Promise<boolean> {
    if (!this.canAsk) return false;
    const [own, exclude] = await this.ask();
    this.take(own);
    this.exclude(exclude);
    return true;
  }

  /** `given` is what a client sent that can't be asked: `{ trainingPipelines: { … } }`. */
  async update(given: unknown): Promise<void> {
    if (await this.fetch()) return;
    const section = isRecord(given) && 'trainingPipelines' in given ? given['trainingPipelines'] : given;
    this.take(section);
    if (isRecord(given) && isRecord(given['files'])) this.exclude(given['files']['exclude']);
  }

  isExcluded(workspace: string, path: string): boolean {
    return isInside(workspace, path) && this.excluded(pathInside(workspace, path));
  }

  private async ask(): Promise<readonly unknown[]> {
    try {
      return await this.connection.workspace.getConfiguration([
        { section: 'trainingPipelines' },
        { section: 'files.exclude' },
      ]);
    } catch {
      return [];
    }
  }

  private take(given: unknown): void {
    const section = isRecord(given) && 'trainingPipelines' in given ? given['trainingPipelines'] : given;
    const parsed = settingsSchema.safeParse(section ?? {});
    if (parsed.success) this.current = parsed.data;
  }

  private exclude(given: unknown): void {
    const parsed = excludeSchema.safeParse(given ?? {});
    this.excluded = excluder(parsed.success ? parsed.data : {});
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
