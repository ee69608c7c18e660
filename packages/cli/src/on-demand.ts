import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

const require = createRequire(import.meta.url);

/** Packages that few commands need; whoever uses one first loads it. */
export const onDemand = {
  get yaml(): typeof Yaml {
    return require('yaml') as typeof Yaml;
  },
};
