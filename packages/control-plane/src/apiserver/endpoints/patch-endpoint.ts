import { ApiError, isJsonArray } from '@geobuk/api';
import type { Json, JsonObject, KubernetesObject } from '@geobuk/api';
import { mediaTypeOf, objectOf, parseBody } from '../http/request-body.js';
import type { Patch } from '@geobuk/client';
import { applyTo } from '../registry/apply.js';
import { patchFunction } from '../registry/patches.js';
import type { Change } from '../registry/registry.js';
import type { ServedResource } from '../resources/served-resource.js';
import { decodeFor, fieldValidationOf, placed } from './decode-body.js';
import { fieldManagerOf, keyOfRequest } from './endpoint.js';
import type { Endpoint, EndpointDeps, ResourceRequest } from './endpoint.js';
import { sendWritten, writeOptionsOf } from './write-endpoints.js';

const jsonPatch = 'application/json-patch+json';
const mergePatch = 'application/merge-patch+json';
const strategicMergePatch = 'application/strategic-merge-patch+json';
const applyPatch = 'application/apply-patch+yaml';

const patchTypes = ({ custom }: ServedResource): readonly string[] =>
  custom === undefined ? [jsonPatch, mergePatch, strategicMergePatch, applyPatch] : [jsonPatch, mergePatch, applyPatch];

/** Follows: checklist 1.12. */
export const patchEndpoint =
  (deps: EndpointDeps): Endpoint =>
  async (call) => {
    const { request, resource, search, info } = call;
    const type = mediaTypeOf(request.headers['content-type']);
    if (!patchTypes(resource).includes(type)) {
      throw ApiError.of(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: ${patchTypes(resource).join(', ')}`,
      );
    }
    const force = search.get('force');
    if (force !== null && type !== applyPatch) {
      throw ApiError.invalid({ group: 'meta.k8s.io', plural: '', kind: 'PatchOptions' }, '', [
        {
          field: 'force',
          reason: 'FieldValueForbidden',
          message: 'Forbidden: may not be specified for non-apply patch',
        },
      ]);
    }
    const body = request.body as Buffer | undefined;
    if (body === undefined || body.length === 0) throw ApiError.badRequest('the body of a patch is empty');
    const { value, duplicateFields } = parseBody(body, type, fieldValidationOf(search) !== 'Ignore');
    const key = keyOfRequest(call);
    const options = writeOptionsOf(call);

    if (type === applyPatch) {
      const manager = search.get('fieldManager');
      if (manager === null || manager === '') {
        throw ApiError.invalid({ group: 'meta.k8s.io', plural: '', kind: 'PatchOptions' }, '', [
          {
            field: 'fieldManager',
            reason: 'FieldValueRequired',
            message: 'Required value: is required for apply patch',
          },
        ]);
      }
      const applied = placed(decodeApplied(call, objectOf(value), duplicateFields), key.namespace, key.name);
      const change: Change = (current) =>
        applyTo(resource, current, applied, {
          fieldManager: fieldManagerOf(call),
          force: force === 'true' || force === '1' || force === '',
          subresource: info.subresource,
          now: deps.now(),
        });
      const written = await deps.registry.update(resource, key, change, {
        ...options,
        creates: info.subresource === '',
        managesFields: true,
      });
      return sendWritten(deps, call, written);
    }

    const change = patchFunction(resource, key.name, patchOf(type, value), (next) =>
      decodeFor(call, resource, next as unknown as JsonObject, duplicateFields),
    );
    return sendWritten(deps, call, await deps.registry.update(resource, key, change, options));
  };

/** apiVersion and kind must be there and fit (1.12.7). */
function decodeApplied(call: ResourceRequest, value: JsonObject, duplicateFields: readonly string[]): KubernetesObject {
  const { resource } = call;
  for (const field of ['apiVersion', 'kind']) {
    if (typeof value[field] !== 'string' || value[field] === '') {
      throw ApiError.badRequest(`error decoding YAML: Object '${field === 'kind' ? 'Kind' : 'apiVersion'}' is missing`);
    }
  }
  return decodeFor(call, resource, value, duplicateFields);
}

function patchOf(type: string, value: Json): Patch {
  if (type === jsonPatch) {
    if (!isJsonArray(value)) throw ApiError.badRequest('a JSON patch must be a list of operations');
    return { type: 'json', operations: value };
  }
  return type === mergePatch ? { type: 'merge', body: value } : { type: 'strategic', body: value };
}
