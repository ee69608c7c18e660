import { createRequire } from 'node:module';
import type * as Jose from 'jose';
import type * as Undici from 'undici';
import type * as Ws from 'ws';
import type * as Yaml from 'yaml';

const require = createRequire(import.meta.url);

/**
 * Packages that the first answer does not need. Each takes a tenth of a second of the processor to load, which the
 * start of the API server would wait for; so they are loaded by whoever uses one first.
 */
export const onDemand = {
  get jose(): typeof Jose {
    return require('jose') as typeof Jose;
  },
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
