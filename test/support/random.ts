/** Random numbers that a seed repeats (mulberry32), and how often the faults are tried. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  below(limit: number): number;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, below: (limit) => Math.floor(next() * limit) };
}

/** `TRAINING_PIPELINES_TEST_SEED`, or a new one; printed, so that a failure can be repeated. */
export function printedSeed(title: string): number {
  const seed = Number(process.env.TRAINING_PIPELINES_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${title}: TRAINING_PIPELINES_TEST_SEED=${seed}`);
  return seed;
}

/** `TRAINING_PIPELINES_TEST_LONG`: 1 for the long form, a fraction for that part of it. */
const share = Number(process.env.TRAINING_PIPELINES_TEST_LONG ?? '0');

export const isLongForm = share > 0;

/** How often something is tried: the short form's number, or (a part of) the long form's. */
export const times = (short: number, long: number): number =>
  isLongForm ? Math.max(short, Math.round(long * Math.min(1, share))) : short;
