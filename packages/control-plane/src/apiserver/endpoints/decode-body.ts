import { ApiError, fieldOf, isJsonObject, protobufMediaType, strictDecodingTexts } from '@geobuk/api';
import type { JsonObject, KubernetesObject } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';
import { decodeServed } from '../registry/object-checks.js';
import { mediaTypeOf, objectOf, parseBody, unknownFormat } from '../http/request-body.js';
import type { ResourceRequest } from './endpoint.js';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** @throws {ApiError} BadRequest. */
export function fieldValidationOf(search: URLSearchParams): FieldValidation {
  const given = search.get('fieldValidation');
  if (given === null || given === '') return 'Warn';
  if (given === 'Ignore' || given === 'Warn' || given === 'Strict') return given;
  throw ApiError.badRequest(
    `fieldValidation: Unsupported value: "${given}": supported values: "", "Ignore", "Strict", "Warn"`,
  );
}

/**
 * The object of a request's body, of the kind that the path serves.
 * @throws {ApiError} BadRequest, UnsupportedMediaType.
 */
export function decodeBody(call: ResourceRequest): KubernetesObject {
  const { request, resource, search } = call;
  const validation = fieldValidationOf(search);
  const body = request.body as Buffer | undefined;
  if (body === undefined || body.length === 0) throw ApiError.badRequest('the body of the request is empty');
  if (resource.custom !== undefined && mediaTypeOf(request.headers['content-type']) === protobufMediaType) {
    throw unknownFormat('application/json, application/yaml');
  }
  const { value, duplicateFields } = parseBody(body, request.headers['content-type'], validation !== 'Ignore');
  return decodeFor(call, resource, objectOf(value), duplicateFields);
}

/** Drops what the kind does not know, and says so as `fieldValidation` wants it. @throws {ApiError} BadRequest. */
export function decodeFor(
  call: Pick<ResourceRequest, 'search' | 'warn'>,
  resource: ServedResource,
  value: JsonObject,
  duplicateFields: readonly string[],
): KubernetesObject {
  const whole = identified(resource, value);
  const { object, unknownFields } = decodeServed(resource, whole);
  const texts = strictDecodingTexts(unknownFields, duplicateFields);
  if (texts.length > 0) report(call, resource, texts);
  return object;
}

function report(
  { search, warn }: Pick<ResourceRequest, 'search' | 'warn'>,
  { type }: ServedResource,
  texts: readonly string[],
): void {
  const validation = fieldValidationOf(search);
  if (validation === 'Strict') {
    throw ApiError.badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: strict decoding error: ${texts.join(', ')}`,
    );
  }
  if (validation === 'Warn') for (const text of texts) warn(text);
}

/** Fills in apiVersion and kind, which typed clients may leave out. @throws {ApiError} BadRequest when they are others. */
export function identified({ apiVersion, type }: ServedResource, value: JsonObject): KubernetesObject {
  const givenVersion = fieldOf(value, 'apiVersion');
  const givenKind = fieldOf(value, 'kind');
  if (givenVersion !== undefined && givenVersion !== '' && givenVersion !== apiVersion) {
    throw ApiError.badRequest(
      `the API version in the data (${JSON.stringify(givenVersion).slice(1, -1)}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (givenKind !== undefined && givenKind !== '' && givenKind !== type.kind) {
    throw ApiError.badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: no kind "${String(givenKind)}" is registered for version "${apiVersion}"`,
    );
  }
  const metadata = fieldOf(value, 'metadata');
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata)) {
    throw ApiError.badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: metadata must be an object`,
    );
  }
  const { apiVersion: _a, kind: _k, metadata: _m, ...rest } = value;
  return { apiVersion, kind: type.kind, metadata: metadata ?? {}, ...rest } as unknown as KubernetesObject;
}

/**
 * Checks the namespace (and for one object the name) of a body against the path and fills them in.
 * @throws {ApiError} BadRequest (1.7.3, 1.11.2).
 */
export function placed(
  object: KubernetesObject,
  namespace: string | undefined,
  name: string | undefined,
): KubernetesObject {
  const { metadata } = object;
  const given = metadata.namespace;
  if (namespace === undefined) {
    if (given !== undefined && given !== '') {
      const { namespace: _dropped, ...rest } = metadata;
      return placed({ ...object, metadata: rest }, namespace, name);
    }
  } else if (given !== undefined && given !== '' && given !== namespace) {
    throw ApiError.badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  if (name !== undefined && metadata.name !== undefined && metadata.name !== '' && metadata.name !== name) {
    throw ApiError.badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (namespace === metadata.namespace && (name === undefined || metadata.name === name)) return object;
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
    },
  };
}
