import { createRequire } from 'node:module';
import type * as Undici from 'undici';
import type * as Ws from 'ws';
import type * as Yaml from 'yaml';

const require = createRequire(import.meta.url);

/**
 * Packages that only some processes need, and none before its first connection. Each takes a tenth of a second of the
 * processor to load, so whoever uses one first loads it.
 */
export const onDemand = {
  get undici(): typeof Undici {
    return require('undici') as typeof Undici;
  },
  get ws(): typeof Ws {
    return require('ws') as typeof Ws;
  },
  get yaml(): typeof Yaml {
    return require('yaml') as typeof Yaml;
  },
};
