/** The one number that says most of a run: "val_accuracy 0.982". Asked once for a run that has ended. */
import { formatValue, headlineMetric } from '../../../runner/src/domain/metrics';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { runTailRequest, type RunTail } from '../../../runner/src/protocol';
import type { RunnerClient } from '../runnerClient';

export class Headlines {
  private readonly known = new Map<string, string>();

  constructor(private readonly runner: RunnerClient) {}

  /** "" where nothing was printed. */
  async of(run: Run): Promise<string> {
    const known = this.known.get(run.id);
    if (known !== undefined) return known;
    const tail = await this.runner.request(runTailRequest, { id: run.id }).catch(() => undefined);
    const words = tail === undefined ? '' : wordsOf(tail.metrics);
    if (tail !== undefined && hasEnded(run.state)) this.known.set(run.id, words);
    return words;
  }
}

function wordsOf(metrics: RunTail['metrics']): string {
  const name = headlineMetric(metrics.map((one) => one.metric));
  const value = metrics.find((one) => one.metric === name)?.value;
  return name === undefined || value === undefined ? '' : `${name} ${formatValue(value)}`;
}
