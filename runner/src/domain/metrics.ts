/** Numbers that `train.py` prints as JSON lines: `{"metric": "loss", "value": 0.3, "step": 10}`, with `"steps": 60` where it is known how many there will be. */

export interface Metric {
  readonly metric: string;
  readonly value: number;
  readonly step: number | null;
  /** How many steps there will be. */
  readonly steps: number | null;
}

/** The metrics of one line of the log; undefined where it is no metric. NaN and infinities, which Python prints, are none. */
export function parseMetric(line: string): Metric | undefined {
  const text = line.trim();
  if (!text.startsWith('{') || !text.endsWith('}') || text.length > 10_000 || !text.includes('"metric"'))
    return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { metric, value: number, step, steps } = value as Readonly<Record<string, unknown>>;
  if (typeof metric !== 'string' || metric === '' || typeof number !== 'number') return undefined;
  return { metric, value: number, step: numberOr(step), steps: numberOr(steps) };
}

const numberOr = (value: unknown): number | null => (typeof value === 'number' ? value : null);
