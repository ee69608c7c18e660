import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '@geobuk/api';
import type { User } from '../authentication/user.js';
import type { RequestInfo } from '../filters/request-info.js';
import type { ServedResource } from '../resources/served-resource.js';
import type { Reader } from '../registry/reader.js';
import type { Writes } from '../registry/registry.js';

/** One request about one resource, past all filters. */
export interface ResourceRequest {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly info: RequestInfo;
  readonly resource: ServedResource;
  readonly user: User;
  readonly search: URLSearchParams;
  /** Fires when the client goes away or time is up. */
  readonly signal: AbortSignal;
  /** Adds a `Warning` header. */
  warn(text: string): void;
  /** Adds to what the audit log says of this request; absent where it says nothing. */
  readonly annotate?: ((key: string, value: string) => void) | undefined;
}

export interface EndpointDeps {
  readonly registry: Writes;
  readonly reader: Reader;
  now(): number;
}

export type Endpoint = (call: ResourceRequest) => Promise<unknown>;

/** The namespace of a request for this resource; undefined for cluster-scoped ones and for all namespaces. */
export const namespaceOf = ({ info, resource }: Pick<ResourceRequest, 'info' | 'resource'>): string | undefined =>
  resource.type.namespaced && info.namespace !== '' ? info.namespace : undefined;

export const keyOfRequest = (call: Pick<ResourceRequest, 'info' | 'resource'>) => {
  const namespace = namespaceOf(call);
  return namespace === undefined ? { name: call.info.name } : { namespace, name: call.info.name };
};

/** @throws {ApiError} BadRequest for anything but `All` (1.11.3). */
export function dryRunOf(values: readonly string[]): boolean {
  const bad = values.find((value) => value !== 'All');
  if (bad !== undefined) {
    throw ApiError.badRequest(`Invalid value: ${JSON.stringify(bad)}: dryRun must be All`);
  }
  return values.length > 0;
}

/** `kubectl` of `kubectl/v1.32.0 (linux/amd64) …` (1.11.7). */
export const managerOfAgent = (agent: string | undefined): string =>
  (agent ?? '').split('/', 1)[0]?.slice(0, 128) || 'unknown';

/** @throws {ApiError} BadRequest: too long or not printable. */
export function fieldManagerOf({ search, request }: ResourceRequest): string {
  const given = search.get('fieldManager');
  if (given === null || given === '') return managerOfAgent(request.headers['user-agent']);
  if (given.length > 128 || /[\x00-\x1f\x7f]/.test(given)) {
    throw ApiError.badRequest('fieldManager must be at most 128 printable characters');
  }
  return given;
}
