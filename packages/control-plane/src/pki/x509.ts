import { webcrypto } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as Library from '@peculiar/x509';

let loaded: typeof Library | undefined;

/**
 * The X.509 library, ready for use; get it from here only. It is many files, and a start that finds all its
 * certificates made needs none of them: the first call loads it.
 */
export function loadX509(): typeof Library {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  require('reflect-metadata'); // the library throws unless this polyfill is there first
  loaded = require('@peculiar/x509') as typeof Library;
  loaded.cryptoProvider.set(webcrypto as unknown as Parameters<typeof loaded.cryptoProvider.set>[0]);
  return loaded;
}
