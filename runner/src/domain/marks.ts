/** What people say about a run afterwards: a name, a star, a note. Kept beside the run, so that its document stays exact. */
import * as z from 'zod';

export const marksSchema = z.object({
  name: z.string().max(200).nullable(),
  starred: z.boolean(),
  note: z.string().max(20_000),
});
export type Marks = z.infer<typeof marksSchema>;

export const noMarks: Marks = { name: null, starred: false, note: '' };

export const isMarked = ({ name, starred, note }: Marks): boolean => name !== null || starred || note !== '';
