import { ApiError } from '@geobuk/api';
import { decodeBody } from '../endpoints/decode-body.js';
import { namespaceOf } from '../endpoints/endpoint.js';
import type { Endpoint } from '../endpoints/endpoint.js';
import { writeOptionsOf } from '../endpoints/write-endpoints.js';
import { sendValue } from '../http/respond.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import type { ActionDeps } from './actions.js';
import { bindPod } from './binding.js';

/** `POST /bindings`, from before pods had a subresource for it. Follows: checklist 1.14.3. */
export const legacyBinding =
  (deps: ActionDeps & { readonly catalog: ResourceCatalog }): Endpoint =>
  async (call) => {
    const namespace = namespaceOf(call);
    if (namespace === undefined) throw ApiError.badRequest('an empty namespace may not be set during creation');
    const body = decodeBody(call);
    const { name = '' } = body.metadata;
    if (name === '') throw ApiError.badRequest('name is required');
    const resource = deps.catalog.find('', 'v1', 'pods')!;
    const { code, value } = await bindPod(deps)({
      resource,
      key: { namespace, name },
      body: body as never,
      options: writeOptionsOf(call),
    });
    return sendValue(call.request, call.reply, code, value);
  };
