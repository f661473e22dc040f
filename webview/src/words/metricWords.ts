/** Numbers that training printed, in a sentence. */
import { formatValue, headlineMetric } from '../../../runner/src/domain/metrics';

export interface MetricValue {
  readonly metric: string;
  readonly value: number;
}

export const metricWords = ({ metric, value }: MetricValue): string => `${metric} ${formatValue(value)}`;

/** The one that says how good a run is. */
export function headlineOf<M extends MetricValue>(metrics: readonly M[]): M | undefined {
  const name = headlineMetric(metrics.map(({ metric }) => metric));
  return metrics.find(({ metric }) => metric === name);
}

/** "+0.033" */
export function differenceWords(value: number, before: number): string {
  // Binary fractions leave a trace far behind the digits that anyone printed.
  const difference = Number((value - before).toPrecision(10));
  if (difference === 0) return 'no change';
  return `${difference > 0 ? '+' : '−'}${formatValue(Math.abs(difference))}`;
}
