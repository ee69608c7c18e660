import { fromJSON } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { messageCodecs } from './codec.js';
import { WireError } from './wire.js';

const messages = {
  Inner: { name: [1, 'string'], count: [2, 'int64'] },
  Outer: {
    text: [1, 'string'],
    flag: [2, 'bool'],
    small: [3, 'int32'],
    big: [4, 'int64'],
    natural: [5, 'uint64'],
    blob: [6, 'bytes'],
    labels: [7, 'map'],
    kind: [8, 'Kind'],
    inner: [9, 'Inner'],
    inners: [10, 'Inner[]'],
    words: [11, 'string[]'],
    ports: [12, 'int32[]'],
    far: [2000, 'string'],
    kinds: [16, 'Kind[]'],
  },
  Newer: { text: [1, 'string'], unknown: [3000, 'string'], number: [3001, 'int64'], flag: [2, 'bool'] },
} as const;
const enums = { Kind: ['NONE', 'ONE', 'TWO'] } as const;

/** The same messages in the implementation that most of the world uses. */
const reference = (
  fromJSON(
    {
      nested: {
        t: {
          nested: {
            Kind: { values: { NONE: 0, ONE: 1, TWO: 2 } },
            Inner: { fields: { name: { id: 1, type: 'string' }, count: { id: 2, type: 'int64' } } },
            Outer: {
              fields: Object.fromEntries(
                Object.entries(messages.Outer).map(([name, [id, type]]) => [
                  name,
                  type === 'map'
                    ? { keyType: 'string', type: 'string', id }
                    : type.endsWith('[]')
                      ? { rule: 'repeated', type: type.slice(0, -2), id }
                      : { type, id },
                ]),
              ),
            },
            S: { methods: { M: { requestType: 'Outer', responseType: 'Outer' } } },
          },
        },
      },
    } as Parameters<typeof fromJSON>[0],
    { keepCase: true, longs: Number, enums: String, defaults: true, arrays: true, objects: true },
  )['t.S'] as unknown as Record<
    string,
    { requestSerialize: (value: object) => Buffer; requestDeserialize: (bytes: Buffer) => object }
  >
)['M'];

const codec = messageCodecs(messages, enums).get('Outer');

const full = {
  text: 'é 거북선',
  flag: true,
  small: -5,
  big: -9_007_199_254_740_991,
  natural: 9_007_199_254_740_991,
  blob: Buffer.from([0, 255, 1]),
  labels: { a: 'b', '': 'empty key', c: '' },
  kind: 'TWO',
  inner: { name: '', count: 1_700_000_000_000_000_000 },
  inners: [{ name: 'x', count: 127 }, { name: 'y'.repeat(300), count: 128 }, {}],
  words: ['', 'one', 'two'],
  ports: [0, 1, 300, -1],
  far: 'away',
  kinds: ['ONE', 'NONE'],
};

describe('7.12.2 messages on the wire', () => {
  it.each([
    ['with all there is', full],
    ['with nothing', {}],
    ['with zeros only', { text: '', flag: false, small: 0, kind: 'NONE', words: [], labels: {} }],
    ['with numbers at the edge of 32 bits', { small: -2_147_483_648, big: 4_294_967_296, natural: 4_294_967_295 }],
  ])('%s mean the same to another implementation, both ways', (_title, value) => {
    const ours = codec?.encode(value) as Buffer;
    expect(reference?.requestDeserialize(ours)).toEqual(codec?.decode(ours));
    const theirs = reference?.requestSerialize(value) as Buffer;
    expect(codec?.decode(Buffer.from(theirs))).toEqual(reference?.requestDeserialize(theirs));
  });

  it('may hold fields of a newer version, and values of enums too', () => {
    const newer = messageCodecs(messages, enums).get('Newer');
    const bytes = newer?.encode({ text: 'a', unknown: 'b', number: 7, flag: true }) as Buffer;
    expect(codec?.decode(bytes)).toMatchObject({ text: 'a', flag: true });
    // A field whose type has changed is one that nobody knows.
    expect(codec?.decode(Buffer.from([1 << 3, 5, 2 << 3, 1]))).toMatchObject({ text: '', flag: true });
    const kind = Buffer.from([8 << 3, 77]);
    expect(codec?.decode(kind)).toMatchObject({ kind: 'NONE' });
  });

  it('that end too early or are no message are refused', () => {
    const bytes = codec?.encode(full) as Buffer;
    let refused = 0;
    for (let length = 1; length < bytes.length; length++) {
      try {
        codec?.decode(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(bytes.length / 2);
    expect(() => codec?.decode(Buffer.alloc(20, 0xff))).toThrow(WireError);
    expect(() => codec?.decode(Buffer.from([0x7b]))).toThrow('unknown wire type 3');
  });

  it('cannot be made of types that nobody knows', () => {
    expect(() => messageCodecs({ M: { field: [1, 'Nothing'] } }, {})).toThrow('unknown type Nothing of M.field');
  });
});
