import { ApiError } from '../status.js';
import { deepEqual } from '../json/deep-equal.js';
import { fieldOf, isJsonArray, isJsonObject, setField } from '../json/json-value.js';
import type { Json, JsonObject, MutableJsonObject } from '../json/json-value.js';

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string | undefined;
  readonly value?: Json | undefined;
}

export const maxJsonPatchOperations = 10_000;
/** Bytes that `copy` may add in one patch: copies of copies grow without limit otherwise. */
export const maxJsonPatchCopyBytes = 3 * 1024 * 1024;

/**
 * Applies RFC 6902 operations in order. The document is never changed: what no operation touched is shared.
 * Follows: evanphx/json-patch as the API server uses it (negative indices count from the end).
 * @throws {ApiError} BadRequest for a malformed patch, 413 for too many operations, 422 where one cannot be carried out.
 */
export function applyJsonPatch<T>(document: T, patch: unknown): T {
  const operations = checkOperations(patch);
  let current = document as Json;
  let copied = 0;
  for (const operation of operations) {
    const path = pointer(operation.path);
    switch (operation.op) {
      case 'add':
        current = put(current, path, operation.value ?? null, 'add', operation.path);
        break;
      case 'replace':
        read(current, path, operation.path);
        current = put(current, path, operation.value ?? null, 'replace', operation.path);
        break;
      case 'remove':
        read(current, path, operation.path);
        current = remove(current, path, operation.path);
        break;
      case 'move': {
        const from = operation.from ?? '';
        const value = read(current, pointer(from), from);
        if (operation.path.startsWith(`${from}/`)) throw failed(`cannot move ${from} into itself`);
        current = put(remove(current, pointer(from), from), path, value, 'add', operation.path);
        break;
      }
      case 'copy': {
        const from = operation.from ?? '';
        const value = read(current, pointer(from), from);
        copied += boundedSize(value, maxJsonPatchCopyBytes - copied);
        if (copied > maxJsonPatchCopyBytes) {
          throw failed(
            `Unable to copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${maxJsonPatchCopyBytes}`,
          );
        }
        current = put(current, path, value, 'add', operation.path);
        break;
      }
      case 'test': {
        const actual = find(current, path);
        if (!deepEqual(actual ?? null, operation.value ?? null)) {
          throw failed(`testing value ${operation.path} failed`);
        }
        break;
      }
      default:
        operation.op satisfies never;
    }
  }
  return current as T;
}

const operationNames = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

function checkOperations(patch: unknown): readonly JsonPatchOperation[] {
  if (!isJsonArray(patch)) {
    throw ApiError.badRequest('error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch');
  }
  if (patch.length > maxJsonPatchOperations) {
    throw ApiError.of(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxJsonPatchOperations}, got ${patch.length}`,
    );
  }
  for (const operation of patch) {
    if (!isJsonObject(operation)) throw ApiError.badRequest('error decoding patch: an operation must be an object');
    const { op, path, from } = operation;
    if (typeof op !== 'string' || !operationNames.has(op)) throw failed(`Unexpected kind: ${String(op)}`);
    if (typeof path !== 'string') throw failed('operation without a path');
    if ((op === 'move' || op === 'copy') && typeof from !== 'string') throw failed(`${op} without from`);
  }
  return patch as unknown as readonly JsonPatchOperation[];
}

/** 422 with the text of the API server; the cause tells what it was. */
const failed = (why: string): ApiError =>
  ApiError.of(422, 'Invalid', 'the server rejected our request due to an error in our request', {
    causes: [{ message: why }],
  });

function pointer(text: string): readonly string[] {
  if (text === '') return [];
  if (!text.startsWith('/')) throw failed(`path ${JSON.stringify(text)} does not start with a slash`);
  return text
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** An index into a list of `length`; `undefined` when it is none. */
function indexOf(step: string, length: number): number | undefined {
  if (!/^-?(0|[1-9][0-9]{0,9})$/.test(step)) return undefined;
  const index = Number(step);
  return index < 0 ? index + length : index;
}

function find(document: Json, path: readonly string[]): Json | undefined {
  let current: Json | undefined = document;
  for (const step of path) {
    if (isJsonArray(current)) {
      const index = indexOf(step, current.length);
      current = index === undefined ? undefined : current[index];
    } else if (isJsonObject(current)) current = fieldOf(current, step);
    else return undefined;
  }
  return current;
}

function read(document: Json, path: readonly string[], shown: string): Json {
  const value = find(document, path);
  if (value === undefined) throw failed(`doc is missing key: ${shown}: missing value`);
  return value;
}

/** The document with `value` at `path`; only the containers on the way are new. */
function put(document: Json, path: readonly string[], value: Json, mode: 'add' | 'replace', shown: string): Json {
  return (
    rebuild(document, path, shown, (parent, step) => {
      if (isJsonObject(parent)) {
        const copy: MutableJsonObject = { ...parent };
        setField(copy, step, value);
        return copy as JsonObject;
      }
      const index = step === '-' && mode === 'add' ? parent.length : indexOf(step, parent.length);
      if (index === undefined || index < 0 || index > parent.length) {
        throw failed(`${mode} operation does not apply: doc is missing path: ${shown}: invalid index`);
      }
      return mode === 'add' ? parent.toSpliced(index, 0, value) : parent.with(index, value);
    }) ?? value
  );
}

function remove(document: Json, path: readonly string[], shown: string): Json {
  const rebuilt = rebuild(document, path, shown, (parent, step) => {
    if (isJsonObject(parent)) {
      const { [step]: _removed, ...rest } = parent;
      return rest;
    }
    return parent.toSpliced(indexOf(step, parent.length) ?? parent.length, 1);
  });
  if (rebuilt === undefined) throw failed('remove operation does not apply to the whole document');
  return rebuilt;
}

/** Copies the containers along `path` and lets `change` make the last one anew; `undefined` for the empty path. */
function rebuild(
  document: Json,
  path: readonly string[],
  shown: string,
  change: (parent: JsonObject | readonly Json[], step: string) => Json,
): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return undefined;
  if (!isJsonObject(document) && !isJsonArray(document)) throw failed(`doc is missing path: ${shown}: missing value`);
  if (rest.length === 0) return change(document, step);
  const child = find(document, [step]);
  if (child === undefined) throw failed(`doc is missing path: ${shown}: missing value`);
  const rebuilt = rebuild(child, rest, shown, change) ?? null;
  if (isJsonArray(document)) return document.with(indexOf(step, document.length) ?? 0, rebuilt);
  const copy: MutableJsonObject = { ...document };
  setField(copy, step, rebuilt);
  return copy as JsonObject;
}

/** The bytes of a value's JSON, counted no further than a little over `limit`. */
function boundedSize(value: Json, limit: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (isJsonArray(value)) {
    let size = 2;
    for (const item of value) {
      size += boundedSize(item, limit - size) + 1;
      if (size > limit) return size;
    }
    return size;
  }
  if (isJsonObject(value)) {
    let size = 2;
    for (const [key, item] of Object.entries(value)) {
      size += key.length + 4 + boundedSize(item ?? null, limit - size);
      if (size > limit) return size;
    }
    return size;
  }
  return 8;
}
