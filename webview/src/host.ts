/** The only use of acquireVsCodeApi: messages to the extension, and the page's own small state. */
import type { HostMessage, PageMessage } from './protocol';

interface VsCodeApi {
  postMessage(message: PageMessage): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

export interface Host {
  send(message: PageMessage): void;
  onMessage(handle: (message: HostMessage) => void): void;
  remember(state: unknown): void;
  recall(): unknown;
}

export function connectHost(): Host {
  const api = acquireVsCodeApi();
  return {
    send: (message) => api.postMessage(message),
    // Only the extension can post into this page: its frame has an origin of its own.
    onMessage: (handle) => window.addEventListener('message', (event: MessageEvent<HostMessage>) => handle(event.data)),
    remember: (state) => api.setState(state),
    recall: () => api.getState(),
  };
}
