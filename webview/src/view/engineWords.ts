/** Engines as people call them; any other goes by its name. */
export function engineWords(name: string): string {
  if (name === 'process') return 'Local Python';
  return name === 'docker' ? 'docker (local)' : name;
}
