import type { JsonObject, ObjectKey } from '@geobuk/api';
import { keyOfRequest } from '../endpoints/endpoint.js';
import type { Endpoint } from '../endpoints/endpoint.js';
import { writeOptionsOf } from '../endpoints/write-endpoints.js';
import { objectOf, parseBody } from '../http/request-body.js';
import { sendValue } from '../http/respond.js';
import type { WriteOptions } from '../registry/write-options.js';
import type { ServedResource } from '../resources/served-resource.js';

export interface ActionCall {
  readonly resource: ServedResource;
  readonly key: ObjectKey;
  /** What was sent; empty for a read. */
  readonly body: JsonObject;
  readonly options: WriteOptions;
}

export interface ActionResult {
  readonly code: 200 | 201;
  readonly value: unknown;
}

/** What a subresource does, without HTTP: also the in-process client calls it. */
export type Action = (call: ActionCall) => Promise<ActionResult>;

/** An action behind HTTP. */
export const endpointOf =
  (action: Action): Endpoint =>
  async (call) => {
    const { request, reply, resource } = call;
    const body = request.body as Buffer | undefined;
    const { value } =
      body === undefined || body.length === 0 ? { value: {} } : parseBody(body, request.headers['content-type'], false);
    const result = await action({
      resource,
      key: keyOfRequest(call),
      body: objectOf(value),
      options: writeOptionsOf(call),
    });
    return sendValue(request, reply, result.code, result.value);
  };

export const succeeded: ActionResult = {
  code: 201,
  value: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
};
