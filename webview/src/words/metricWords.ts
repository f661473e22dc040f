/** Numbers that training printed, as people read them. */

export interface MetricValue {
  readonly metric: string;
  readonly value: number;
}

/** Three decimals at most, more only for small numbers: 0.982, 12.5, 1,204, 0.00042. */
export function formatMetric(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e9)) return Number(value.toPrecision(3)).toString();
  return String(Number(value.toFixed(size >= 100 ? 1 : 3)));
}

export const metricWords = ({ metric, value }: MetricValue): string => `${metric} ${formatMetric(value)}`;

/** The number that says how good a run is: a validation score, else any score, else what was printed first. */
export function headlineMetric<M extends MetricValue>(metrics: readonly M[]): M | undefined {
  const isScore = ({ metric }: M): boolean => /acc|f1|auc|score|precision|recall|r2|iou|map/i.test(metric);
  const isHeldOut = ({ metric }: M): boolean => /^(val|valid|test|eval)/i.test(metric);
  return (
    metrics.find((one) => isScore(one) && isHeldOut(one)) ??
    metrics.find(isScore) ??
    metrics.find(isHeldOut) ??
    metrics[0]
  );
}

/** "+0.033" */
export function differenceWords(value: number, before: number): string {
  const difference = value - before;
  if (difference === 0) return 'no change';
  return `${difference > 0 ? '+' : '−'}${formatMetric(Math.abs(difference))}`;
}
