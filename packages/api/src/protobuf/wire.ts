import { createRequire } from 'node:module';
import type { Reader, Writer } from 'protobufjs/minimal.js';

/** The part that is used. */
interface Protobuf {
  readonly Reader: { create(bytes: Uint8Array): Reader };
  readonly Writer: { create(): Writer };
}

let loaded: Protobuf | undefined;

/** Loaded when the first message is: most processes never see one, and it takes 7 MB. */
function protobuf(): Protobuf {
  loaded ??= createRequire(import.meta.url)('protobufjs/minimal.js') as Protobuf;
  return loaded;
}

export const newWriter = (): Writer => protobuf().Writer.create();

export const newReader = (bytes: Uint8Array): Reader => protobuf().Reader.create(bytes);
