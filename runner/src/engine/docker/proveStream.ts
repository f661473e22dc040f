/** Asks for a sign of life on a fresh connection, so that whoever gets it can rely on an engine at its other end. */
import type { Duplex } from 'node:stream';

const question = 'HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n';
const end = '\r\n\r\n';
const longestAnswer = 16 * 1024;

export class NoEngineError extends Error {}

/** Resolves once an engine has answered; nothing of its answer is left on the stream. Rejects otherwise, and destroys it. */
export function proveStream(stream: Duplex, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      stream.off('readable', onReadable).off('close', onClose).off('end', onClose).off('error', onError);
      signal?.removeEventListener('abort', onAbort);
      if (error === undefined) return resolve();
      stream.on('error', () => undefined);
      stream.destroy();
      reject(error);
    };
    const onReadable = (): void => {
      for (let part: unknown = stream.read(); part !== null; part = stream.read()) answer += String(part);
      if (!answer.includes(end) && answer.length < longestAnswer) return;
      settle(/^HTTP\/1\.[01] 200 /.test(answer) ? undefined : new NoEngineError('what answers is no Docker engine'));
    };
    const onClose = (): void => settle(new NoEngineError('it closed the connection'));
    const onError = (error: Error): void => settle(error);
    const onAbort = (): void => settle(signal?.reason as Error);
    const timer = setTimeout(
      () => settle(new NoEngineError(`no answer within ${milliseconds / 1000} s`)),
      milliseconds,
    );
    stream.on('readable', onReadable).on('close', onClose).on('end', onClose).on('error', onError);
    signal?.addEventListener('abort', onAbort, { once: true });
    stream.write(question);
  });
}
