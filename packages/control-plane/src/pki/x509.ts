// The library throws at import unless the metadata polyfill is there first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as library from '@peculiar/x509';

library.cryptoProvider.set(webcrypto as unknown as Parameters<typeof library.cryptoProvider.set>[0]);

/** The X.509 library, ready for use. Import it from here only: order of import matters to it. */
export const x509 = library;
