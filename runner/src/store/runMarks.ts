/** Names, stars and notes of runs: `runs/<id>/marks.json`, there only for runs that have any. */
import { join } from 'node:path';
import { isMarked, marksSchema, noMarks, type Marks } from '../domain/marks';
import type { Disk } from './disk';
import { parseJson, readIfThere, replaceFile } from './fileOperations';

export const marksFile = 'marks.json';

export class RunMarks {
  /** By the file's stamp, so that a list of thousands reads only what changed. */
  private readonly known = new Map<string, { readonly stamp: string; readonly marks: Marks }>();

  constructor(
    private readonly disk: Disk,
    private readonly folder: (id: string) => string,
  ) {}

  /** Only the runs that have marks. */
  async of(ids: readonly string[]): Promise<ReadonlyMap<string, Marks>> {
    const stats = await this.disk.statAll(ids.map((id) => this.path(id)));
    const found = new Map<string, Marks>();
    for (const [i, id] of ids.entries()) {
      const stat = stats[i];
      if (stat === undefined) continue;
      const stamp = `${stat.size}-${stat.mtimeMs}-${stat.ino}`;
      const known = this.known.get(id);
      const marks = known?.stamp === stamp ? known.marks : await this.read(id);
      this.known.set(id, { stamp, marks });
      if (isMarked(marks)) found.set(id, marks);
    }
    return found;
  }

  /** A damaged file is as good as none: it is no part of what happened. */
  async read(id: string): Promise<Marks> {
    const text = await readIfThere(this.disk, this.path(id));
    return marksSchema.safeParse(parseJson(text)).data ?? noMarks;
  }

  write(id: string, marks: Marks): Promise<void> {
    return replaceFile(this.disk, this.path(id), `${JSON.stringify(marks, null, 2)}\n`);
  }

  private path(id: string): string {
    return join(this.folder(id), marksFile);
  }
}
