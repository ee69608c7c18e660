import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { ApiError, encodeProtobuf, protobufMediaType } from '@geobuk/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { onDemand } from '../../on-demand.js';
import { plainFormOf } from './negotiation.js';
import type { Negotiated } from './negotiation.js';

const compress = promisify(gzip);
/** Shorter answers are not worth the time (1.1.14). */
const gzipFromBytes = 128 * 1024;
/** Answers up to here are written directly, and never compressed. */
const oneWriteBytes = 64 * 1024;
const newline = Buffer.from('\n');

const readByPeople = /^(curl|Wget|Mozilla)/;

/** `pretty=true` or a browser, curl or wget (1.1.15). */
export function wantsPretty(request: FastifyRequest): boolean {
  const asked = request.search?.get('pretty');
  if (asked !== null && asked !== undefined) return asked !== 'false' && asked !== '0';
  return readByPeople.test(request.headers['user-agent'] ?? '');
}

/** Answers with encoded JSON, or with what the client wants made of it. */
export async function sendJson(
  request: FastifyRequest,
  reply: FastifyReply,
  code: number,
  json: Buffer,
  mediaType: Negotiated['mediaType'] = 'application/json',
): Promise<FastifyReply> {
  request.audit?.answered(json);
  const isPlain = mediaType === 'application/json' && !wantsPretty(request);
  if (isPlain && json.length <= oneWriteBytes && canWriteAtOnce(request, reply)) return writeAtOnce(reply, code, json);
  let body: Buffer;
  if (mediaType === 'application/yaml') body = Buffer.from(onDemand.yaml.stringify(JSON.parse(json.toString())));
  else if (isPlain) body = Buffer.concat([json, newline]);
  else body = Buffer.from(`${JSON.stringify(JSON.parse(json.toString()), null, 2)}\n`);
  return sendBytes(request, reply, code, body, mediaType);
}

/** Answers with bytes that are in their final form but for compression. */
export async function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  code: number,
  bytes: Buffer,
  mediaType: string,
): Promise<FastifyReply> {
  let body = bytes;
  reply.code(code).header('content-type', mediaType);
  if (body.length > gzipFromBytes && acceptsGzip(request)) {
    body = await compress(body, { level: 1 });
    reply.header('content-encoding', 'gzip').header('vary', 'Accept-Encoding');
  }
  return reply.send(body);
}

/** HTTP/2 goes the long way; HEAD has no body. */
const canWriteAtOnce = ({ method }: FastifyRequest, { raw }: FastifyReply): boolean =>
  method !== 'HEAD' && !('stream' in raw);

/** Past the hooks and serializers of the framework, of which there are none: most answers are small reads. */
function writeAtOnce(reply: FastifyReply, code: number, json: Buffer): FastifyReply {
  reply.hijack();
  const headers = reply.getHeaders() as Record<string, string | string[] | number>;
  headers['content-type'] = 'application/json';
  headers['content-length'] = json.length + newline.length;
  reply.raw.writeHead(code, headers);
  reply.raw.end(Buffer.concat([json, newline]));
  return reply;
}

export const acceptsGzip = (request: FastifyRequest): boolean =>
  /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));

/** Answers with a value that is encoded here: as protobuf, YAML or JSON, whichever the client accepts first. */
export function sendValue(
  request: FastifyRequest,
  reply: FastifyReply,
  code: number,
  value: unknown,
  mediaType?: Negotiated['mediaType'],
): Promise<FastifyReply> {
  const form = mediaType ?? plainFormOf(request.headers.accept);
  if (form === protobufMediaType) {
    const bytes = encodeProtobuf(value as Readonly<Record<string, unknown>>);
    if (bytes !== undefined) return sendBytes(request, reply, code, bytes, protobufMediaType);
    return sendJson(request, reply, code, Buffer.from(JSON.stringify(value)));
  }
  return sendJson(request, reply, code, Buffer.from(JSON.stringify(value)), form);
}

/** The Status of whatever was thrown. What is no refusal is a bug: 500, and none of it in the answer. */
export function statusOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413) {
    return ApiError.of(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728');
  }
  if (error instanceof URIError) return ApiError.badRequest('the path is not validly encoded');
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 && error instanceof Error) {
    return ApiError.badRequest(error.message, { cause: error });
  }
  return ApiError.internal('the request could not be handled', { cause: error });
}
