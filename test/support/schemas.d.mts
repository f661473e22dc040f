/** Texts by file name. */
export function makeSchemas(): Promise<Record<string, string>>;
/** Names of the files that are missing, out of date, or not made by the generator. */
export function staleSchemas(): Promise<string[]>;
