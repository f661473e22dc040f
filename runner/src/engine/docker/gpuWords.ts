/** What engines and NVIDIA's tools say where a GPU can't be had, told apart and put into plain words. */
import { engineWords } from '../../domain/engineFacts';
import type { GpuTrouble } from '../../domain/gpuFacts';

interface Known {
  readonly kind: GpuTrouble['kind'];
  readonly pattern: RegExp;
}

/** The first that fits counts. */
const known: readonly Known[] = [
  // nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.4, please update your driver to a newer version
  {
    kind: 'driver-old',
    pattern: /unsatisfied condition|update your driver|driver (is|version is) (too old|insufficient)/i,
  },
  { kind: 'driver-mismatch', pattern: /driver\/library version mismatch/i },
  // nvidia-container-cli: initialization error: nvml error: driver not loaded, load library failed: libnvidia-ml.so.1
  {
    kind: 'driver-missing',
    pattern: /driver not loaded|libnvidia-ml|couldn't communicate with the nvidia driver|no nvidia driver|libcuda/i,
  },
  { kind: 'id', pattern: /unknown device|unresolvable cdi devices|no such device id|invalid device|device not found/i },
  { kind: 'none', pattern: /no devices were found|no nvidia gpu|nvidia-container-cli: detection error/i },
  // dockerd without a driver for GPUs; an engine that knows of no runtime of that name
  {
    kind: 'toolkit',
    pattern:
      /could not select device driver|unknown or invalid runtime name|nvidia-container-(runtime|cli).*(not found|no such file)/i,
  },
  { kind: 'silent', pattern: /nvidia-smi.*(not found|no such file)|no nvidia-smi/is },
];

export const troubleKind = (text: string): GpuTrouble['kind'] =>
  known.find(({ pattern }) => pattern.test(text))?.kind ?? 'other';

const shortened = (text: string): string => {
  const line = text.trim().split('\n').at(-1) ?? '';
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
};

/** Where there is no card, these say nothing more. */
const unheard: ReadonlySet<GpuTrouble['kind']> = new Set(['toolkit', 'silent', 'id']);

export interface TroubleContext {
  readonly engine: string;
  readonly isPodman: boolean;
  /** Whether the machine shows a card of NVIDIA to containers without one. */
  readonly hasCard: boolean;
  /** Version of the driver that the machine has loaded, or "". */
  readonly driver: string;
}

/** `text`: what was said, in full. */
export function gpuTrouble(kind: GpuTrouble['kind'], text: string, context: TroubleContext): GpuTrouble {
  const { isPodman, hasCard, driver } = context;
  const engine = engineWords(context.engine);
  const what = isPodman ? 'Podman' : 'Docker';
  if (kind === 'none' || (!hasCard && unheard.has(kind)))
    return {
      kind: 'none',
      message: `${engine} reports no GPU.`,
      hint: 'Choose an engine that has one, or run with --gpu none.',
    };
  if (kind === 'driver-old') return oldDriver(engine, driver, text);
  const words = troubles[kind];
  if (words !== undefined) return { kind, ...words(engine, hasCard) };
  if (kind !== 'other') return isPodman ? podmanTrouble(engine) : toolkitTrouble(engine, what);
  const hint = 'Run with --gpu none, or choose another engine.';
  return { kind, message: `${engine} can't give a GPU: ${shortened(text)}`, hint };
}

type Words = (engine: string, hasCard: boolean) => Pick<GpuTrouble, 'message' | 'hint'>;

const troubles: Readonly<Partial<Record<GpuTrouble['kind'], Words>>> = {
  'driver-missing': (engine, hasCard) => ({
    message: hasCard
      ? `${engine} has a GPU, but no NVIDIA driver is loaded there.`
      : `${engine} has the NVIDIA container toolkit, but neither a GPU nor its driver.`,
    hint: 'Install the NVIDIA driver on that machine, then look with nvidia-smi there.',
  }),
  'driver-mismatch': (engine) => ({
    message: `The NVIDIA driver of ${engine} was updated and the old one is still loaded.`,
    hint: 'Restart that machine.',
  }),
};

function oldDriver(engine: string, driver: string, text: string): GpuTrouble {
  const which = driver === '' ? 'The NVIDIA driver' : `The NVIDIA driver ${driver}`;
  const message = `${which} of ${engine} is too old for the image: ${shortened(text)}`;
  return { kind: 'driver-old', message, hint: 'Update the driver there, or choose an image for an older CUDA.' };
}

const toolkitTrouble = (engine: string, what: string): GpuTrouble => ({
  kind: 'toolkit',
  message: `${engine} has a GPU, but ${what} can't pass it on: the NVIDIA container toolkit is missing.`,
  hint: 'Install nvidia-container-toolkit there, run `nvidia-ctk runtime configure`, and restart Docker.',
});

/** Podman takes the other style's request without a word, and gives nothing. */
const podmanTrouble = (engine: string): GpuTrouble => ({
  kind: 'toolkit',
  message: `${engine} has a GPU, but Podman can't pass it on: no CDI description of it is there.`,
  hint: 'Run `nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml` there.',
});
