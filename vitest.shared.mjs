import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';

const conditions = ['@geobuk/source', 'node', 'import', 'default'];

/**
 * One configuration for every package. Workspace packages are taken from their sources, so tests need no build.
 * `vitest run` is the fast suite; `vitest run --mode integration` the one that needs root, containerd, etcd or nft;
 * `vitest run --mode chaos` takes minutes of random faults, and is no part of `npm test`.
 */
export default defineConfig(({ mode }) => {
  const chaos = mode === 'chaos';
  const integration = mode === 'integration' || chaos;
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      root: process.cwd(),
      include: integration ? [`src/**/*.${chaos ? 'chaos' : 'integration'}.test.ts`] : ['src/**/*.test.ts'],
      exclude: integration
        ? ['**/node_modules/**', 'dist/**']
        : ['**/*.integration.test.ts', '**/*.chaos.test.ts', '**/node_modules/**', 'dist/**'],
      pool: 'forks',
      maxWorkers: 2,
      fileParallelism: !integration,
      testTimeout: integration ? 60_000 : 30_000,
      hookTimeout: integration ? 120_000 : 30_000,
      reporters: ['default', ['json', { outputFile: `test-output/${integration ? mode : 'unit'}.json` }]],
      passWithNoTests: false,
      name: basename(process.cwd()),
    },
  };
});
