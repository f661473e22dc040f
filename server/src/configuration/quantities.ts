/** How sizes, times and CPUs are written in the configuration file: as the runner reads them. */

const size = /^(?=.*[1-9])\d+(?:\.\d+)?\s*[bkmgt]?(?:i?b)?$/i;
const number = /^(?=.*[1-9])\d+(?:\.\d+)?$/;
const time = /^(?=.*[1-9])(?:\d+(?:\.\d+)?|(?:\d+(?:\.\d+)?[dhms]\s*)+)$/;

/** What is wrong with a limit, or undefined. */
export function limitProblem(name: string, value: unknown): string | undefined {
  switch (name) {
    case 'memory':
    case 'shm':
      return size.test(String(value).trim()) ? undefined : 'use a size like 512m or 8g';
    case 'cpus':
      return number.test(String(value).trim()) ? undefined : 'use a number like 4 or 1.5';
    case 'timeout':
      return time.test(String(value).trim().toLowerCase()) ? undefined : 'use a time like 45s, 90m or 2h';
    default:
      return undefined;
  }
}
