/** SecretStorage, and a memory for this window where the system has no keyring to keep it in. */
import * as vscode from 'vscode';
import { messageOf } from '../../runner/src/domain/errors';
import type { Log } from '../../runner/src/domain/log';

export type SecretPlace = Pick<vscode.SecretStorage, 'get' | 'store' | 'delete'>;

export class KeptSecrets implements SecretPlace {
  private readonly session = new Map<string, string>();
  private isTold = false;

  constructor(
    private readonly storage: SecretPlace,
    private readonly log: Log,
  ) {}

  async get(key: string): Promise<string | undefined> {
    const own = this.session.get(key);
    if (own !== undefined) return own;
    try {
      return await this.storage.get(key);
    } catch (error) {
      this.log.warn(`reading a secret: ${messageOf(error)}`);
      return undefined;
    }
  }

  async store(key: string, value: string): Promise<void> {
    try {
      await this.storage.store(key, value);
      this.session.delete(key);
    } catch (error) {
      this.session.set(key, value);
      this.tell(error);
    }
  }

  async delete(key: string): Promise<void> {
    this.session.delete(key);
    try {
      await this.storage.delete(key);
    } catch (error) {
      this.log.warn(`deleting a secret: ${messageOf(error)}`);
    }
  }

  /** Once: every secret would say the same. */
  private tell(error: unknown): void {
    this.log.warn(`keeping a secret: ${messageOf(error)}`);
    if (this.isTold) return;
    this.isTold = true;
    void vscode.window.showWarningMessage(
      'The keyring of this system can’t be used, so secrets are kept until this window closes.',
    );
  }
}
