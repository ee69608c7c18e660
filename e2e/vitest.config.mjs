import { defineConfig } from 'vitest/config';

/** Whole clusters, one after the other: each file starts its own from the built product and drives it from outside. */
export default defineConfig({
  test: {
    root: process.cwd(),
    include: ['src/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 240_000,
    bail: 0,
    reporters: ['default', ['json', { outputFile: 'test-output/e2e.json' }]],
    name: 'e2e',
  },
});
