import { isRepository } from '../oci/names.js';
import { RegistryError } from '../oci/registry-error.js';
import type { RegistryRequest } from './registry-request.js';
import { digestIn, headerOf } from './registry-request.js';

/** GET, HEAD and DELETE of a content. */
export async function answerBlob(request: RegistryRequest, reference: string): Promise<unknown> {
  const { method, repository, repositories, contents, reply } = request;
  const digest = digestIn(reference);
  if (method === 'DELETE') {
    await repositories.lock.run(() => repositories.unlinkBlob(repository, digest));
    return reply.code(202).send();
  }
  const size = (await repositories.hasBlob(repository, digest)) ? await contents.size(digest) : undefined;
  if (size === undefined) throw new RegistryError('BLOB_UNKNOWN', 'the repository has no such blob');
  await contents.touch(digest);
  void reply
    .header('docker-content-digest', digest)
    .header('accept-ranges', 'bytes')
    .header('etag', `"${digest}"`)
    .type('application/octet-stream');
  if (method === 'HEAD') return reply.header('content-length', size).send();
  const range = rangeOf(headerOf(request, 'range'), size);
  if (range === undefined) return reply.header('content-length', size).send(contents.read(digest));
  return reply
    .code(206)
    .header('content-range', `bytes ${range.start}-${range.end}/${size}`)
    .header('content-length', range.end - range.start + 1)
    .send(contents.read(digest, range));
}

/** Follows: RFC 9110: one range of bytes; what is no range is as if it was not there. */
function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (start > end) throw new RegistryError('RANGE_INVALID', `the blob has ${size} bytes`);
  return { start, end };
}

const locationOf = (repository: string, id: string): string => `/v2/${repository}/blobs/uploads/${id}`;

/** POST: an upload begins, or is done at once, or is not needed. */
export async function startUpload(request: RegistryRequest): Promise<unknown> {
  const { repository, query, contents, repositories, reply, body } = request;
  const mount = query.get('mount');
  const from = query.get('from');
  if (mount !== null && from !== null && isRepository(from) && (await request.mayPull(from))) {
    const digest = digestIn(mount);
    const mounted = await repositories.lock.run(async () => {
      if (!(await repositories.hasBlob(from, digest))) return false;
      await contents.touch(digest);
      await repositories.linkBlob(repository, digest);
      return true;
    });
    if (mounted) return created(request, digest);
  }
  const digest = query.get('digest');
  const checked = digest === null ? undefined : digestIn(digest);
  const id = await contents.startUpload(repository);
  if (checked !== undefined) {
    await contents.append(repository, id, body as AsyncIterable<Buffer>);
    return finished(request, id, checked);
  }
  return reply
    .code(202)
    .header('location', locationOf(repository, id))
    .header('docker-upload-uuid', id)
    .header('range', '0-0')
    .send();
}

/** GET, PATCH, PUT and DELETE of an upload. */
export async function answerUpload(request: RegistryRequest, id: string): Promise<unknown> {
  const { method, repository, query, contents, reply, body } = request;
  const known = (size: number) =>
    reply
      .header('location', locationOf(repository, id))
      .header('docker-upload-uuid', id)
      .header('range', `0-${Math.max(0, size - 1)}`);
  switch (method) {
    case 'GET':
    case 'HEAD':
      return known(await contents.uploadSize(repository, id))
        .code(204)
        .send();
    case 'PATCH':
      return known(await contents.append(repository, id, body as AsyncIterable<Buffer>, startOf(request)))
        .code(202)
        .send();
    case 'PUT': {
      const digest = digestIn(query.get('digest'));
      await contents.append(repository, id, body as AsyncIterable<Buffer>, startOf(request));
      return finished(request, id, digest);
    }
    case 'DELETE':
      await contents.cancel(repository, id);
      return reply.code(204).send();
    default:
      throw new RegistryError('UNSUPPORTED', `${method} is not for uploads`);
  }
}

function startOf(request: RegistryRequest): number | undefined {
  const header = headerOf(request, 'content-range');
  if (header === undefined) return undefined;
  const [, start] = /^(?:bytes[ =])?(\d{1,15})-\d{1,15}(?:\/.*)?$/.exec(header) ?? [];
  if (start === undefined) throw new RegistryError('RANGE_INVALID', 'Content-Range is none');
  return Number(start);
}

async function finished(request: RegistryRequest, id: string, digest: ReturnType<typeof digestIn>): Promise<unknown> {
  const { repository, contents, repositories } = request;
  // No lock: a sweep spares what is new, and reading a large content again takes seconds.
  await contents.finish(repository, id, digest);
  await repositories.linkBlob(repository, digest);
  return created(request, digest);
}

const created = ({ repository, reply }: RegistryRequest, digest: string): unknown =>
  reply
    .code(201)
    .header('location', `/v2/${repository}/blobs/${digest}`)
    .header('docker-content-digest', digest)
    .send();
