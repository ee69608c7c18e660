import { ApiError, isJsonObject, isNotFound, fieldOf, protobufMediaType } from '@geobuk/api';
import type { JsonObject, KubernetesObject } from '@geobuk/api';
import { negotiate } from '../http/negotiation.js';
import { parseBody } from '../http/request-body.js';
import { protobufObject, speaksProtobuf } from '../http/protobuf.js';
import { sendBytes, sendJson, sendValue } from '../http/respond.js';
import { subjectOf } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';
import { parseListQuery } from '../registry/list-query.js';
import type { DeleteOptions, Deleted, Representation, WriteOptions, Written } from '../registry/write-options.js';
import { decodeBody, placed } from './decode-body.js';
import { dryRunOf, fieldManagerOf, keyOfRequest, namespaceOf } from './endpoint.js';
import type { Endpoint, EndpointDeps, ResourceRequest } from './endpoint.js';
import { partialMetadata, tableOf, includeObjectOf } from './transformations.js';

export function writeOptionsOf(call: ResourceRequest): WriteOptions {
  return {
    user: call.user,
    signal: call.signal,
    dryRun: dryRunOf(call.search.getAll('dryRun')),
    fieldManager: fieldManagerOf(call),
    subresource: call.info.subresource,
    warn: call.warn,
    annotate: call.annotate,
  };
}

export const createEndpoint =
  (deps: EndpointDeps): Endpoint =>
  async (call) => {
    const { resource } = call;
    const namespace = namespaceOf(call);
    if (resource.type.namespaced && namespace === undefined) {
      throw ApiError.badRequest('an empty namespace may not be set during creation');
    }
    const object = placed(decodeBody(call), namespace, undefined);
    return sendWritten(deps, call, await deps.registry.create(resource, namespace, object, writeOptionsOf(call)));
  };

export const updateEndpoint =
  (deps: EndpointDeps): Endpoint =>
  async (call) => {
    const { resource } = call;
    const key = keyOfRequest(call);
    const object = placed(decodeBody(call), key.namespace, key.name);
    const version = object.metadata.resourceVersion;
    const isVersionless = version === undefined || version === '' || version === '0';
    const isRefused = isVersionless && (resource.strategy.needsVersionOnUpdate || resource.custom !== undefined);
    const wanted =
      version === '0' ? { ...object, metadata: { ...object.metadata, resourceVersion: undefined } } : object;
    const creates = resource.strategy.createsOnUpdate && call.info.subresource === '';
    const change = (current: KubernetesObject | undefined) => {
      // What is not there yet has no version that its maker could know.
      if (current !== undefined && isRefused) throw versionNeeded(resource, key.name);
      return wanted;
    };
    const written = await deps.registry.update(resource, key, change, { ...writeOptionsOf(call), creates });
    return sendWritten(deps, call, written);
  };

const versionNeeded = (resource: ServedResource, name: string): ApiError =>
  ApiError.invalid(subjectOf(resource), name, [
    {
      field: 'metadata.resourceVersion',
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0x0: must be specified for an update',
    },
  ]);

/** Answers with what was written, in the form that the client wants. */
export function sendWritten(deps: EndpointDeps, call: ResourceRequest, { result, created }: Written): Promise<unknown> {
  return sendObject(deps, call, created ? 201 : 200, result);
}

export function sendObject(
  { now }: EndpointDeps,
  { request, reply, resource, search }: ResourceRequest,
  code: number,
  { object, json }: Representation,
): Promise<unknown> {
  const protobuf = speaksProtobuf(resource);
  const form = negotiate(request.headers.accept, ['Table', 'PartialObjectMetadata'], { protobuf });
  if (form.protobuf === true) {
    request.audit?.answeredObject(object);
    return sendBytes(
      request,
      reply,
      code,
      protobufObject(form.as === undefined ? object : partialMetadata(object)),
      protobufMediaType,
    );
  }
  if (form.as === 'Table') {
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
    const table = tableOf(resource, [object], metadata, includeObjectOf(search), form.version, now());
    return sendValue(request, reply, code, table, form.mediaType);
  }
  if (form.as !== undefined) return sendValue(request, reply, code, partialMetadata(object), form.mediaType);
  return sendJson(request, reply, code, json, form.mediaType);
}

/** From the body, else from the query (1.13.1). @throws {ApiError} BadRequest, Invalid. */
export function deleteOptionsOf(call: ResourceRequest): DeleteOptions {
  const { request, search } = call;
  const body = request.body as Buffer | undefined;
  let given: JsonObject = {};
  if (body !== undefined && body.length > 0) {
    const { value } = parseBody(body, request.headers['content-type'], false);
    if (!isJsonObject(value)) throw ApiError.badRequest('the body of a delete must be DeleteOptions');
    const kind = fieldOf(value, 'kind');
    if (kind !== undefined && kind !== 'DeleteOptions') {
      throw ApiError.badRequest(`the body of a delete must be DeleteOptions, not ${JSON.stringify(kind)}`);
    }
    given = value;
  }
  const preconditions = fieldOf(given, 'preconditions');
  const precondition = (name: string) =>
    isJsonObject(preconditions) ? textOf(fieldOf(preconditions, name), name) : undefined;
  const policy =
    textOf(fieldOf(given, 'propagationPolicy'), 'propagationPolicy') ?? search.get('propagationPolicy') ?? undefined;
  const orphan = fieldOf(given, 'orphanDependents') ?? booleanOf(search.get('orphanDependents'));
  if (orphan !== undefined && orphan !== null && policy !== undefined) {
    throw invalidOptions('propagationPolicy', 'orphanDependents and propagationPolicy may not both be set');
  }
  if (policy !== undefined && policy !== 'Orphan' && policy !== 'Background' && policy !== 'Foreground') {
    throw invalidOptions('propagationPolicy', `Unsupported value: "${policy}"`);
  }
  const dryRun = fieldOf(given, 'dryRun');
  return {
    ...writeOptionsOf(call),
    dryRun: dryRunOf([...(Array.isArray(dryRun) ? dryRun.map(String) : []), ...search.getAll('dryRun')]),
    uid: precondition('uid'),
    resourceVersion: precondition('resourceVersion'),
    gracePeriodSeconds: secondsOf(fieldOf(given, 'gracePeriodSeconds') ?? search.get('gracePeriodSeconds')),
    propagationPolicy: orphan === true ? 'Orphan' : orphan === false ? 'Background' : policy,
  };
}

const invalidOptions = (field: string, message: string): ApiError =>
  ApiError.invalid({ group: 'meta.k8s.io', plural: '', kind: 'DeleteOptions' }, '', [
    { field, reason: 'FieldValueInvalid', message },
  ]);

function textOf(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw ApiError.badRequest(`${field} must be a string`);
}

const booleanOf = (value: string | null): boolean | undefined =>
  value === null || value === '' ? undefined : value === 'true';

function secondsOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const seconds = Number(value);
  if (!Number.isInteger(seconds)) throw ApiError.badRequest('gracePeriodSeconds must be an integer');
  return seconds;
}

export const deleteEndpoint =
  (deps: EndpointDeps): Endpoint =>
  async (call) => {
    const { request, reply, resource } = call;
    const options = deleteOptionsOf(call);
    const deleted = await deps.registry.delete(resource, keyOfRequest(call), options);
    const warning = resource.strategy.propagationWarning;
    if (warning !== undefined && options.propagationPolicy === undefined) call.warn(warning);
    if (!deleted.gone || resource.strategy.deleteShowsObject) return sendObject(deps, call, 200, deleted.result);
    return sendValue(request, reply, 200, deletedStatus(call, deleted));
  };

function deletedStatus({ resource }: ResourceRequest, { result }: Deleted): unknown {
  const { name, uid } = result.object.metadata;
  const { group, plural } = resource.type;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: plural, uid },
  };
}

/** Deletes what a list shows, one by one. Follows: checklist 1.13.6. */
export const deleteCollectionEndpoint =
  (deps: EndpointDeps): Endpoint =>
  async (call) => {
    const { request, reply, resource, search, signal } = call;
    const options = deleteOptionsOf(call);
    const page = await deps.reader.list(resource, namespaceOf(call), parseListQuery(search), signal);
    const items: unknown[] = [];
    for (const { namespace, name } of page.items) {
      try {
        const key = namespace === undefined ? { name } : { namespace, name };
        items.push((await deps.registry.delete(resource, key, { ...options, uid: undefined })).result.object);
      } catch (error) {
        if (!isNotFound(error)) throw error; // somebody else was faster
      }
    }
    const { listKind, apiVersion } = resource;
    const list = { kind: listKind, apiVersion, metadata: { resourceVersion: page.resourceVersion }, items };
    return sendValue(request, reply, 200, list);
  };
