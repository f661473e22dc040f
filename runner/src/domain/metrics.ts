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

/** Higher is better for these (1), lower for losses and errors (-1); nothing is known of others (0). */
export function directionOf(name: string): 1 | -1 | 0 {
  if (/acc|f1|auc|precision|recall|score|r2|iou|bleu|dice|map\b/i.test(name)) return 1;
  return /loss|err|mae|mse|rmse|perplexity/i.test(name) ? -1 : 0;
}

/** The metric that says most of a run: a quality before a loss, on data that it was not trained on before others. */
export function headlineMetric(names: readonly string[]): string | undefined {
  const rank = (name: string): number =>
    (directionOf(name) === 1 ? 0 : 2) + (/^(val|test|valid|eval)/.test(name) ? 0 : 1);
  return [...names].sort((a, b) => rank(a) - rank(b))[0];
}

/** 0.982, 12,400, 1.2e-7: as much as is worth reading. */
export function formatValue(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(1).replace('e+', 'e');
  if (Number.isInteger(value)) return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return String(Number(value.toPrecision(size >= 100 ? 4 : 3)));
}
