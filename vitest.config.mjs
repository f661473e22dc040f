import { defineConfig } from 'vitest/config';

const project = (name, extra = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 10_000, ...extra },
});

// Rooms that share an engine, a browser or the whole machine run their files one after another.
const heavy = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 600_000 };

export default defineConfig({
  test: {
    projects: [
      project('unit'),
      project('wire', { testTimeout: 30_000 }),
      project('engine', heavy),
      project('panel', heavy),
      project('e2e', heavy),
      project('fault', { ...heavy, globalSetup: ['test/support/faultReport.mjs'] }),
    ],
  },
});
