import { ApiError, decodeProtobuf, isJsonObject, parseJson, parseJsonStrict, protobufMediaType } from '@geobuk/api';
import type { Json, JsonObject } from '@geobuk/api';
import { onDemand } from '../../on-demand.js';

export interface ParsedBody {
  readonly value: Json;
  /** Fields that stand twice; empty unless they were asked for. */
  readonly duplicateFields: readonly string[];
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The media type of a request's body, without parameters. */
export const mediaTypeOf = (contentType: string | undefined): string =>
  (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();

/** @throws {ApiError} UnsupportedMediaType, BadRequest. */
export function parseBody(body: Buffer, contentType: string | undefined, findDuplicates: boolean): ParsedBody {
  const type = mediaTypeOf(contentType);
  if (type === '' || type === 'application/json' || type.endsWith('+json')) {
    return parseJsonText(textOf(body), findDuplicates);
  }
  if (type === 'application/yaml' || type.endsWith('+yaml')) return parseYamlOrJson(textOf(body), findDuplicates);
  if (type === protobufMediaType) return { value: decodeProtobuf(body) as JsonObject, duplicateFields: [] };
  throw unknownFormat('application/json, application/yaml, application/vnd.kubernetes.protobuf');
}

export const unknownFormat = (accepted: string): ApiError =>
  ApiError.of(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );

function textOf(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw ApiError.badRequest('the body of the request is not valid UTF-8', { cause });
  }
}

function parseJsonText(text: string, findDuplicates: boolean): ParsedBody {
  if (findDuplicates) return parseJsonStrict(text);
  return { value: parseJson(text), duplicateFields: [] };
}

/** JSON is YAML; it is parsed as what it is, which is much faster. YAML is read as Kubernetes does: version 1.1. */
function parseYamlOrJson(text: string, findDuplicates: boolean): ParsedBody {
  if (/^\s*\{/.test(text)) {
    try {
      return parseJsonText(text, findDuplicates);
    } catch {
      // A YAML flow mapping that is no JSON.
    }
  }
  try {
    const value = onDemand.yaml.parse(text, {
      version: '1.1',
      uniqueKeys: findDuplicates,
      maxAliasCount: 100,
      logLevel: 'error',
    }) as unknown;
    return { value: plain(value), duplicateFields: [] };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n', 1)[0] : 'malformed';
    throw ApiError.badRequest(`error converting YAML to JSON: ${why}`, { cause });
  }
}

/** YAML knows dates and more; the API knows JSON. */
const plain = (value: unknown): Json => (value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json));

/** @throws {ApiError} BadRequest for a body that is no object. */
export function objectOf(value: Json): JsonObject {
  if (!isJsonObject(value)) throw ApiError.badRequest('the body of the request must be an object');
  return value;
}
