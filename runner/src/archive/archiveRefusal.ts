/** Why an archive from outside is refused: the entry, the reason, and what to do. */
import { ExpectedError } from '../domain/errors';

export const refused = (
  message: string,
  hint = 'Nothing was imported. Make the zip again from a clean folder.',
): ExpectedError => new ExpectedError('archive-refused', message, hint);
