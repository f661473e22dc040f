/** Which sections of pages are folded, remembered for the user. */
import type { Memento } from 'vscode';

const key = 'trainingPipelines.folded';

export class Folded {
  constructor(private readonly memory: Memento) {}

  get all(): readonly string[] {
    return this.memory.get<readonly string[]>(key, []);
  }

  async set(section: string, folded: boolean): Promise<void> {
    const others = this.all.filter((one) => one !== section);
    await this.memory.update(key, folded ? [...others, section] : others);
  }
}
