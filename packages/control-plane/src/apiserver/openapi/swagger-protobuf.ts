import { setImmediate as nextTurn } from 'node:timers/promises';
import { Writer } from 'protobufjs/minimal.js';

/** Both spellings that clients ask for; the answer bears the second, since `@` may not stand in a media type. */
export const swaggerProtobufTypes = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
] as const;

type Value = Readonly<Record<string, unknown>>;
type Write = (writer: Writer, number: number, value: unknown) => void;
type Message = (writer: Writer, value: Value) => Writer;

const delimited = (number: number): number => ((number << 3) | 2) >>> 0;
const varint = (number: number): number => (number << 3) >>> 0;
const isRecord = (value: unknown): value is Value =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text: Write = (writer, number, value) => void writer.uint32(delimited(number)).string(String(value));
const flag: Write = (writer, number, value) => {
  if (value === true) writer.uint32(varint(number)).bool(true);
};
const double: Write = (writer, number, value) => {
  if (value !== 0) writer.uint32(((number << 3) | 1) >>> 0).double(Number(value));
};
const integer: Write = (writer, number, value) => {
  if (value !== 0) writer.uint32(varint(number)).int64(Number(value));
};
/** Values of no fixed form travel as YAML, of which JSON is a part. */
const any: Write = (writer, number, value) => {
  writer.uint32(delimited(number)).fork();
  text(writer, 2, `${JSON.stringify(value)}\n`);
  writer.ldelim();
};
const each =
  (write: Write): Write =>
  (writer, number, value) => {
    for (const item of Array.isArray(value) ? (value as readonly unknown[]) : [value]) write(writer, number, item);
  };
const message =
  (encode: Message): Write =>
  (writer, number, value) => {
    encode(writer.uint32(delimited(number)).fork(), isRecord(value) ? value : {}).ldelim();
  };
/** A map in the order of its keys: `{name, value}` for each. */
const named =
  (write: Write): Message =>
  (writer, map) => {
    for (const [name, value] of Object.entries(map)) namedOne(writer, 1, name, value, write);
    return writer;
  };

function namedOne(writer: Writer, number: number, name: string, value: unknown, write: Write): void {
  writer.uint32(delimited(number)).fork();
  text(writer, 1, name);
  write(writer, 2, value);
  writer.ldelim();
}

/** Fields by their names in JSON; what begins with `x-` goes to the list of extensions. */
const record = (
  fields: Readonly<Record<string, readonly [number: number, write: Write]>>,
  extensions: number,
): Message => {
  const byName = new Map(Object.entries(fields));
  return (writer, value) => {
    for (const [name, part] of Object.entries(value)) {
      if (part === undefined) continue;
      const field = byName.get(name);
      if (field !== undefined) field[1](writer, field[0], part);
      else if (name.startsWith('x-')) namedOne(writer, extensions, name, part, any);
    }
    return writer;
  };
};

const additional: Write = (writer, number, value) => {
  writer.uint32(delimited(number)).fork();
  if (isRecord(value)) schema(writer, 1, value);
  else writer.uint32(varint(2)).bool(value === true);
  writer.ldelim();
};
/** A list of one or more, in a message of its own. */
const wrapped =
  (write: Write): Write =>
  (writer, number, value) => {
    each(write)(writer.uint32(delimited(number)).fork(), 1, value);
    writer.ldelim();
  };

const schema: Write = (writer, number, value) => message(schemaMessage)(writer, number, value);
const schemaMessage: Message = record(
  {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, any],
    multipleOf: [6, double],
    maximum: [7, double],
    exclusiveMaximum: [8, flag],
    minimum: [9, double],
    exclusiveMinimum: [10, flag],
    maxLength: [11, integer],
    minLength: [12, integer],
    pattern: [13, text],
    maxItems: [14, integer],
    minItems: [15, integer],
    uniqueItems: [16, flag],
    maxProperties: [17, integer],
    minProperties: [18, integer],
    required: [19, each(text)],
    enum: [20, each(any)],
    additionalProperties: [21, additional],
    type: [22, wrapped(text)],
    items: [23, wrapped(schema)],
    allOf: [24, each(schema)],
    properties: [25, message(named(schema))],
    readOnly: [27, flag],
    example: [30, any],
  },
  31,
);

const inBody = record(
  { description: [1, text], name: [2, text], in: [3, text], required: [4, flag], schema: [5, schema] },
  6,
);
const inQuery = record(
  {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [6, text],
    uniqueItems: [20, flag],
  },
  23,
);
const inPath = record(
  {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [5, text],
    uniqueItems: [19, flag],
  },
  22,
);

/** A parameter lies in as many messages as there are choices of its kind. */
const parameter: Write = message((item, value) => {
  message((chosen, own) => {
    if (own['in'] === 'body') message(inBody)(chosen, 1, own);
    else {
      message((other) => {
        if (own['in'] === 'path') message(inPath)(other, 4, own);
        else message(inQuery)(other, 3, own);
        return other;
      })(chosen, 2, own);
    }
    return chosen;
  })(item, 1, value);
  return item;
});

const inItem =
  (write: Write): Write =>
  (writer, number, value) => {
    write(writer.uint32(delimited(number)).fork(), 1, value);
    writer.ldelim();
  };
const response = record({ description: [1, text], schema: [2, inItem(schema)] }, 5);

const operation = record(
  {
    tags: [1, each(text)],
    summary: [2, text],
    description: [3, text],
    operationId: [5, text],
    produces: [6, each(text)],
    consumes: [7, each(text)],
    parameters: [8, each(parameter)],
    responses: [9, message(named(inItem(message(response))))],
    schemes: [10, each(text)],
    deprecated: [11, flag],
  },
  13,
);

const pathItem = record(
  {
    $ref: [1, text],
    get: [2, message(operation)],
    put: [3, message(operation)],
    post: [4, message(operation)],
    delete: [5, message(operation)],
    options: [6, message(operation)],
    head: [7, message(operation)],
    patch: [8, message(operation)],
    parameters: [9, each(parameter)],
  },
  10,
);

const info = record({ title: [1, text], version: [2, text], description: [3, text] }, 7);

export interface SwaggerDocument {
  readonly info: Value;
  readonly paths: Value;
  readonly definitions: Value;
}

/** Encoded between two turns of the event loop. */
const perTurn = 20;

/** An OpenAPI v2 document as the protobuf message `openapi.v2.Document`. Follows: the gnostic models of OpenAPI v2. */
export async function encodeSwagger(document: SwaggerDocument): Promise<Buffer> {
  const head = Writer.create();
  text(head, 1, '2.0');
  message(info)(head, 2, document.info);
  const paths = await entries(document.paths, 2, message(pathItem));
  const definitions = await entries(document.definitions, 1, schema);
  return Buffer.concat([head.finish(), ...inField(8, paths), ...inField(9, definitions)]);
}

async function entries(map: Value, number: number, write: Write): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (const [index, [name, value]] of Object.entries(map).entries()) {
    if (index % perTurn === perTurn - 1) await nextTurn();
    const writer = Writer.create();
    namedOne(writer, number, name, value, write);
    pieces.push(writer.finish());
  }
  return pieces;
}

function inField(number: number, pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [Writer.create().uint32(delimited(number)).uint32(length).finish(), ...pieces];
}
