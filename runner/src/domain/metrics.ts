/** Numbers that `train.py` prints as JSON lines: `{"metric": "loss", "value": 0.3, "step": 10}`. */

export interface Metric {
  readonly metric: string;
  readonly value: number;
  readonly step: number | null;
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
  const { metric, value: number, step } = value as { metric?: unknown; value?: unknown; step?: unknown };
  if (typeof metric !== 'string' || metric === '' || typeof number !== 'number') return undefined;
  return { metric, value: number, step: typeof step === 'number' ? step : null };
}
