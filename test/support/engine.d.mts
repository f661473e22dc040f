export interface TestEngine {
  /** `unix://…` */
  readonly host: string;
  readonly folder?: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  launch?(): Promise<void>;
  pid?(): number | undefined;
}
export const cacheFolder: string;
export const testImage: string;
export const gpuImage: string;
export function engineProblem(): string | undefined;
export function startEngine(options?: { readonly gpu?: boolean }): Promise<TestEngine>;
