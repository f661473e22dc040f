/** Names in a sentence. */

/** "a", "a and b", "a, b and 3 more files" */
export function namesInWords(names: readonly string[], singular = 'file', shown = 2): string {
  if (names.length <= 1) return names[0] ?? '';
  if (names.length <= shown + 1) return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
  const rest = names.length - shown;
  return `${names.slice(0, shown).join(', ')} and ${rest} more ${singular}s`;
}
