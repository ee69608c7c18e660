import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtInResources } from '../kinds.js';
import { apiVersionOf } from '../resource-type.js';
import { decodeProtobuf, encodeProtobuf, encodeWatchFrame } from './envelope.js';
import { messageType } from './message-table.js';
import type { FieldCode } from './message-table.js';

type Fields = Readonly<Record<string, unknown>>;

/** Values that Go would not leave out. */
function valueOf(code: FieldCode, depth: number): fc.Arbitrary<unknown> {
  switch (code.kind) {
    case 'scalar':
      return scalarOf(code.type);
    case 'message':
      return fieldsOf(code.definition, depth - 1);
    case 'strings':
      return fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 2 });
    case 'list':
      return fc.array(valueOf(code.item, depth), { minLength: 1, maxLength: 2 });
    case 'map':
      return fc.dictionary(fc.constantFrom('a', 'b/c', '__proto__', 'constructor'), valueOf(code.value, depth), {
        minKeys: 1,
        maxKeys: 3,
        noNullPrototype: true,
      });
    case 'special':
      return specialOf(code.type);
    default:
      return code satisfies never;
  }
}

function scalarOf(type: 'string' | 'bool' | 'int' | 'double' | 'bytes'): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return fc.constantFrom('x', '거북선', 'a "b"\n', '\u2028');
    case 'bool':
      return fc.constant(true);
    case 'int':
      return fc.constantFrom(1, -1, 2 ** 31 - 1);
    case 'double':
      return fc.constantFrom(0.5, -3.25);
    case 'bytes':
      return fc.uint8Array({ minLength: 1, maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    default:
      return type satisfies never;
  }
}

function specialOf(type: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'time':
      return fc.constantFrom('2026-11-28T10:00:00Z', '1999-01-01T00:00:01Z');
    case 'microTime':
      return fc.constantFrom('2026-11-28T10:00:00.000001Z', '2026-11-28T10:00:00.500000Z');
    case 'duration':
      return fc.constantFrom('1h0m0s', '1m30s', '500ms');
    case 'raw':
      return fc.constantFrom({ a: [1, 'x', null] }, { 'f:metadata': { 'f:labels': {} } });
    case 'quantity':
      return fc.constantFrom('500m', '1Gi', '12');
    case 'intOrString':
      return fc.constantFrom(80, 'http', '25%');
    default:
      return fc.constantFrom({ type: 'string' }, { type: 'object', required: ['a'] });
  }
}

/** Any of a message's fields; deep ones end. */
function fieldsOf(definition: string, depth: number): fc.Arbitrary<Fields> {
  const { fields } = messageType(definition)!;
  const usable = fields.filter(({ name, code }) => name !== '' && canHold(code, depth));
  return fc
    .subarray(usable, { minLength: 1, maxLength: Math.min(8, usable.length) })
    .chain((chosen) =>
      fc
        .tuple(...chosen.map(({ code }) => valueOf(code, depth)))
        .map((values) => Object.fromEntries(chosen.map(({ name }, i) => [name, values[i]]))),
    );
}

/** Whether a value that is not empty is possible so deep: an empty message is none in Go. */
function canHold(code: FieldCode, depth: number): boolean {
  if (code.kind === 'list') return canHold(code.item, depth);
  if (code.kind === 'map') return canHold(code.value, depth);
  if (code.kind !== 'message') return true;
  const { fields } = messageType(code.definition)!;
  return depth > 0 && fields.some(({ name, code: inner }) => name !== '' && canHold(inner, depth - 1));
}

const kinds = builtInResources.filter(
  ({ definition }) => definition !== undefined && messageType(definition) !== undefined,
);

describe('protobuf of every kind', () => {
  it('has a form for every kind that is served', () => {
    const without = builtInResources.filter((type) => !kinds.includes(type)).map(({ kind }) => kind);
    expect(without.filter((kind) => kind !== 'Addon')).toEqual([]);
  });

  it.each(kinds.map((type) => [`${apiVersionOf(type)} ${type.kind}`, type] as const))(
    '1.5.3 %s comes back as it was',
    (_name, type) => {
      const objects = fieldsOf(type.definition!, 4).map((object) => ({
        ...object,
        apiVersion: apiVersionOf(type),
        kind: type.kind,
      }));
      fc.assert(
        fc.property(objects, (object) => {
          const bytes = encodeProtobuf(object)!;
          const decoded = decodeProtobuf(bytes);
          expect(decoded).toMatchObject(object);
          // What Go writes although it is empty is all that may be more, and stays the same from then on.
          expect(decodeProtobuf(encodeProtobuf(decoded)!)).toEqual(decoded);
          expect(encodeWatchFrame('ADDED', object)!.includes(bytes)).toBe(true);
        }),
        { numRuns: 15, seed: 20261128 },
      );
    },
  );

  it('damaged messages are refused, never more', () => {
    const pod = encodeProtobuf({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', labels: { a: 'b' } },
      spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1 }] }] },
    })!;
    const damage = fc.array(fc.tuple(fc.nat({ max: pod.length - 1 }), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(damage, fc.nat({ max: pod.length }), (changes, length) => {
        const bytes = Buffer.from(pod.subarray(0, length));
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        try {
          decodeProtobuf(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: 'ApiError', status: { code: 400 } });
        }
      }),
      { numRuns: 500, seed: 20261128 },
    );
  });
});
