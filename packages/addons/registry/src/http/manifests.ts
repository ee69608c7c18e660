import { isDigest, isTag } from '../oci/names.js';
import { RegistryError } from '../oci/registry-error.js';
import type { RegistryRequest } from './registry-request.js';
import { digestIn, headerOf, page } from './registry-request.js';

/** Follows: the specification: at least 4 MiB. */
const manifestLimitBytes = 4 << 20;

/** GET, HEAD, PUT and DELETE of a manifest, by tag or digest. */
export async function answerManifest(request: RegistryRequest, reference: string): Promise<unknown> {
  const { method, repository, repositories, contents, reply } = request;
  if (!isTag(reference) && !isDigest(reference))
    throw new RegistryError(reference.includes(':') ? 'DIGEST_INVALID' : 'MANIFEST_INVALID', 'no tag and no digest');
  if (method === 'PUT') {
    const content = await collect(request);
    const contentType = headerOf(request, 'content-type') ?? '';
    const { digest, subject } = await repositories.putManifest(repository, reference, content, contentType);
    if (subject !== undefined) void reply.header('oci-subject', subject);
    return reply
      .code(201)
      .header('location', `/v2/${repository}/manifests/${digest}`)
      .header('docker-content-digest', digest)
      .send();
  }
  if (method === 'DELETE') {
    if (isDigest(reference)) await repositories.deleteManifest(repository, reference);
    else await repositories.lock.run(() => repositories.deleteTag(repository, reference));
    return reply.code(202).send();
  }
  const digest = await repositories.resolve(repository, reference);
  const record = digest === undefined ? undefined : await repositories.manifest(repository, digest);
  if (digest === undefined || record === undefined)
    throw new RegistryError('MANIFEST_UNKNOWN', `the repository has no manifest ${reference}`);
  void reply
    .header('docker-content-digest', digest)
    .header('etag', `"${digest}"`)
    .header('content-length', record.sizeBytes)
    .type(record.mediaType);
  return method === 'HEAD' ? reply.send() : reply.send(contents.read(digest));
}

async function collect({ body }: RegistryRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > manifestLimitBytes)
      throw new RegistryError('SIZE_INVALID', `a manifest has at most ${manifestLimitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function answerTags(request: RegistryRequest): Promise<unknown> {
  const { repository, repositories, reply } = request;
  if (!(await repositories.exists(repository))) throw new RegistryError('NAME_UNKNOWN', 'there is no such repository');
  const tags = page(await repositories.tags(repository), request, `/v2/${repository}/tags/list`);
  return reply.send({ name: repository, tags });
}

/** Follows: an unknown subject has no referrers, which is no error. */
export async function answerReferrers(request: RegistryRequest, reference: string): Promise<unknown> {
  const { repository, repositories, query, reply } = request;
  const all = await repositories.referrers(repository, digestIn(reference));
  const wanted = query.get('artifactType');
  const manifests = wanted === null ? all : all.filter(({ artifactType }) => artifactType === wanted);
  if (wanted !== null) void reply.header('oci-filters-applied', 'artifactType');
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  return reply.type(mediaType).send(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
}
