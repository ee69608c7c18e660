import { deadline } from '@geobuk/client';
import { fieldOf, isJsonObject } from '@geobuk/api';
import type { Json, JsonObject } from '@geobuk/api';
import type { OutgoingHttpHeaders } from 'node:http';
import { callUpstream } from '../proxying/upstream.js';
import type { UpstreamTarget, UpstreamTrust } from '../proxying/upstream.js';

const readMs = 5000;
const mostBytes = 16 * 1024 * 1024;

/** What another server says about the form of one group and version of its objects. */
export interface AggregatedDescription {
  /** Where its OpenAPI v3 document is, with its hash; absent: it has none. */
  readonly v3Url?: string | undefined;
  /** What concerns the group and version in its OpenAPI v2 document; absent: it has none. */
  readonly v2?: { readonly paths: JsonObject; readonly definitions: JsonObject } | undefined;
  readonly v2Etag?: string | undefined;
}

export interface DescribedServer {
  readonly target: UpstreamTarget;
  readonly trust: UpstreamTrust;
  /** Who asks. */
  readonly headers: OutgoingHttpHeaders;
}

/**
 * Reads what a server says about `group` and `version`; the very same description when nothing changed. A server
 * need not describe itself, so a refusal is an answer. Follows: the OpenAPI aggregation of kube-aggregator.
 */
export async function readDescription(
  server: DescribedServer,
  { group, version }: { readonly group: string; readonly version: string },
  before: AggregatedDescription | undefined,
  signal: AbortSignal,
): Promise<AggregatedDescription> {
  const path = `apis/${group}/${version}`;
  const index = await read(server, '/openapi/v3', undefined, signal);
  const paths = isJsonObject(index.body) ? fieldOf(index.body, 'paths') : undefined;
  const own = isJsonObject(paths) ? fieldOf(paths, path) : undefined;
  const url = isJsonObject(own) ? fieldOf(own, 'serverRelativeURL') : undefined;
  const v3Url = typeof url === 'string' && url.startsWith(`/openapi/v3/${path}`) ? url : undefined;
  const whole = await read(server, '/openapi/v2', before?.v2Etag, signal);
  if (before !== undefined && whole.isUnchanged && before.v3Url === v3Url) return before;
  const v2 = whole.isUnchanged ? before?.v2 : partOf(whole.body, path);
  if (before !== undefined && before.v3Url === v3Url && JSON.stringify(before.v2) === JSON.stringify(v2)) return before;
  return { v3Url, v2, v2Etag: whole.isUnchanged ? before?.v2Etag : whole.etag };
}

interface Read {
  readonly body: Json | undefined;
  readonly etag: string | undefined;
  readonly isUnchanged: boolean;
}

async function read(
  { target, trust, headers }: DescribedServer,
  path: string,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<Read> {
  using limit = deadline(signal, readMs);
  const none: Read = { body: undefined, etag: undefined, isUnchanged: false };
  try {
    const response = await callUpstream(
      { ...target, path },
      {
        method: 'GET',
        headers: { ...headers, ...(etag === undefined ? {} : { 'if-none-match': etag }) },
        trust,
        signal: limit.signal,
      },
    );
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of response as AsyncIterable<Buffer>) {
      if ((bytes += piece.length) > mostBytes) return none;
      pieces.push(piece);
    }
    if (response.statusCode === 304) return { ...none, isUnchanged: true };
    if (response.statusCode !== 200) return none;
    const body = JSON.parse(Buffer.concat(pieces).toString()) as Json;
    return { body, etag: response.headers.etag, isUnchanged: false };
  } catch {
    signal.throwIfAborted();
    return none; // it answers for its objects all the same
  }
}

/** Paths of the group and version with the definitions that they reach; nothing else of the server is shown here. */
function partOf(document: Json | undefined, path: string): AggregatedDescription['v2'] {
  const paths = isJsonObject(document) ? fieldOf(document, 'paths') : undefined;
  const definitions = isJsonObject(document) ? fieldOf(document, 'definitions') : undefined;
  if (!isJsonObject(paths) || !isJsonObject(definitions)) return undefined;
  const own = Object.fromEntries(
    Object.keys(paths).flatMap((key) => (key.startsWith(`/${path}/`) ? [[key, fieldOf(paths, key)]] : [])),
  ) as JsonObject;
  if (Object.keys(own).length === 0) return undefined;
  const kept: Record<string, Json> = {};
  const open: string[] = [];
  references(own, open);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const definition = fieldOf(definitions, name);
    if (definition === undefined || Object.hasOwn(kept, name)) continue;
    kept[name] = definition;
    references(definition, open);
  }
  return { paths: own, definitions: kept };
}

function references(value: Json, into: string[]): void {
  if (Array.isArray(value)) for (const item of value as readonly Json[]) references(item, into);
  else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      const child = fieldOf(value, key);
      if (key === '$ref' && typeof child === 'string') into.push(child.slice(child.lastIndexOf('/') + 1));
      else if (child !== undefined) references(child, into);
    }
  }
}
