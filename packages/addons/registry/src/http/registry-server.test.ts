import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RegistryError } from '../oci/registry-error.js';
import { sweep } from '../store/sweep.js';
import { RegistryUnderTest } from '../testing/registry-under-test.js';

let directory: string;
let registry: RegistryUnderTest;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'geobuk-registry-'));
  registry = await RegistryUnderTest.open(directory);
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const digestOf = (content: Buffer | string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const descriptor = (content: Buffer | string, mediaType: string) => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
});

async function pushBlob(repository: string, content: Buffer | string): Promise<void> {
  const { status } = await registry.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(content)}`, {
    body: content,
  });
  expect(status).toBe(201);
}
const manifestOf = (layer: Buffer | string, rest: object = {}): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor('{}', 'application/vnd.oci.image.config.v1+json'),
    layers: [descriptor(layer, 'application/vnd.oci.image.layer.v1.tar')],
    ...rest,
  });
const putManifest = (repository: string, reference: string, text: string, type = manifestType) =>
  registry.ask('PUT', `/v2/${repository}/manifests/${reference}`, { body: text, headers: { 'content-type': type } });

async function pushImage(repository: string, tag: string, layer: Buffer | string = 'layer'): Promise<string> {
  await pushBlob(repository, '{}');
  await pushBlob(repository, layer);
  const text = manifestOf(layer);
  expect((await putManifest(repository, tag, text)).status).toBe(201);
  return digestOf(text);
}
const codeOf = (answer: { json(): unknown }): string =>
  (answer.json() as { readonly errors: readonly { readonly code: string }[] }).errors[0]?.code ?? '';

describe('a registry', () => {
  it('says what it is', async () => {
    expect((await registry.ask('GET', '/v2/')).status).toBe(200);
    expect((await registry.ask('GET', '/healthz')).body.toString()).toBe('ok');
    expect((await registry.ask('POST', '/v2/a/tags/list')).status).toBe(405);
  });

  it('gives back the image that was pushed, by tag and by digest', async () => {
    const layer = randomBytes(100_000);
    const digest = await pushImage('team/app', '1.0', layer);
    for (const reference of ['1.0', digest]) {
      const got = await registry.ask('GET', `/v2/team/app/manifests/${reference}`);
      expect([got.status, got.headers['docker-content-digest'], got.headers['content-type']]).toEqual([
        200,
        digest,
        manifestType,
      ]);
      expect(digestOf(got.body)).toBe(digest);
      const head = await registry.ask('HEAD', `/v2/team/app/manifests/${reference}`);
      expect([head.status, head.headers['content-length']]).toEqual([200, String(got.body.length)]);
    }
    const blob = await registry.ask('GET', `/v2/team/app/blobs/${digestOf(layer)}`);
    expect(blob.body.equals(layer)).toBe(true);
  });

  it('takes uploads in chunks that must follow each other, and says where they are', async () => {
    const content = randomBytes(30_000);
    const { status, headers } = await registry.ask('POST', '/v2/a/blobs/uploads/');
    expect(status).toBe(202);
    const location = String(headers.location);
    const patch = (start: number, end: number) =>
      registry.ask('PATCH', location, {
        headers: { 'content-range': `${start}-${end - 1}`, 'content-type': 'application/octet-stream' },
        body: content.subarray(start, end),
      });
    const first = await patch(0, 10_000);
    expect([first.status, first.headers.range]).toEqual([202, '0-9999']);
    expect((await patch(20_000, 30_000)).status).toBe(416);
    expect((await patch(0, 10_000)).status).toBe(416);
    const known = await registry.ask('GET', location);
    expect([known.status, known.headers.range]).toEqual([204, '0-9999']);
    expect((await patch(10_000, 20_000)).status).toBe(202);
    const done = await registry.ask('PUT', `${location}?digest=${digestOf(content)}`, {
      body: content.subarray(20_000),
    });
    expect([done.status, done.headers['docker-content-digest']]).toEqual([201, digestOf(content)]);
    expect((await registry.ask('GET', `/v2/a/blobs/${digestOf(content)}`)).body.equals(content)).toBe(true);
    expect((await registry.ask('GET', location)).status).toBe(404);
  });

  it('goes on with an upload after a restart, and for its own repository only', async () => {
    const content = randomBytes(2_000);
    const { headers } = await registry.ask('POST', '/v2/a/blobs/uploads/');
    const location = String(headers.location);
    await registry.ask('PATCH', location, { body: content.subarray(0, 1_000) });
    await registry[Symbol.asyncDispose]();
    registry = await RegistryUnderTest.open(directory);
    expect((await registry.ask('GET', location.replace('/v2/a/', '/v2/b/'))).status).toBe(404);
    const url = `${location}?digest=${digestOf(content)}`;
    expect((await registry.ask('PUT', url, { body: content.subarray(1_000) })).status).toBe(201);
  });

  it('refuses what has another digest, and keeps nothing of it', async () => {
    const answer = await registry.ask('POST', `/v2/a/blobs/uploads/?digest=${digestOf('wanted')}`, { body: 'other' });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'DIGEST_INVALID']);
    expect(registry.contents.usedBytes).toBe(0);
    expect(await readdir(join(directory, 'uploads'))).toEqual([]);
    await pushBlob('a', '{}');
    await pushBlob('a', 'layer');
    const wrong = await putManifest('a', digestOf('something'), manifestOf('layer'));
    expect([wrong.status, codeOf(wrong)]).toEqual([400, 'DIGEST_INVALID']);
  });

  const badManifests: readonly (readonly [string, string, string])[] = [
    ['what is not JSON', 'hello', 'MANIFEST_INVALID'],
    ['a list', '[]', 'MANIFEST_INVALID'],
    ['an old schema', '{"schemaVersion":1}', 'MANIFEST_INVALID'],
    ['another media type than it says', manifestOf('x', { mediaType: indexType }), 'MANIFEST_INVALID'],
    ['a descriptor without a digest', '{"schemaVersion":2,"layers":[{}]}', 'MANIFEST_INVALID'],
    ['layers that are not there', manifestOf('gone'), 'MANIFEST_BLOB_UNKNOWN'],
  ];
  for (const [title, text, code] of badManifests) {
    it(`refuses a manifest with ${title}`, async () => {
      await pushBlob('a', '{}');
      expect(codeOf(await putManifest('a', 'bad', text))).toBe(code);
      expect((await registry.ask('GET', '/v2/a/manifests/bad')).status).toBe(404);
    });
  }

  it('refuses a manifest of more than 4 MiB, and names that are none', async () => {
    const long = await putManifest('a', 'x', `{"schemaVersion":2,"annotations":{"a":"${'x'.repeat(4 << 20)}"}}`);
    expect([long.status, codeOf(long)]).toEqual([413, 'SIZE_INVALID']);
    for (const name of ['A', '..', 'a/../b', 'a//b', '%2e%2e/x', '_tags', `${'a'.repeat(256)}`]) {
      const answer = await registry.ask('PUT', `/v2/${name}/manifests/x`, { body: '{}' });
      expect(answer.status, name).toBeGreaterThanOrEqual(400);
    }
    expect(codeOf(await putManifest('a', 'x%2f..%2f..', '{}'))).toBe('MANIFEST_INVALID');
  });

  it('gives parts of a blob', async () => {
    await pushBlob('a', '0123456789');
    const ask = (range: string) => registry.ask('GET', `/v2/a/blobs/${digestOf('0123456789')}`, { headers: { range } });
    const middle = await ask('bytes=2-4');
    expect([middle.status, middle.body.toString(), middle.headers['content-range']]).toEqual([
      206,
      '234',
      'bytes 2-4/10',
    ]);
    expect((await ask('bytes=7-')).body.toString()).toBe('789');
    expect((await ask('bytes=-2')).body.toString()).toBe('89');
    expect((await ask('bytes=20-30')).status).toBe(416);
  });

  it('mounts what another repository has, and else begins an upload', async () => {
    await pushBlob('a', 'shared');
    const mount = `/v2/b/blobs/uploads/?mount=${digestOf('shared')}&from=`;
    expect((await registry.ask('POST', `${mount}c`)).status).toBe(202);
    expect((await registry.ask('HEAD', `/v2/b/blobs/${digestOf('shared')}`)).status).toBe(404);
    expect((await registry.ask('POST', `${mount}a`)).status).toBe(201);
    expect((await registry.ask('GET', `/v2/b/blobs/${digestOf('shared')}`)).body.toString()).toBe('shared');
  });

  it('lists tags and repositories by pages', async () => {
    for (const tag of ['c', 'a', 'b']) await pushImage('x/y', tag);
    await pushImage('other', '1');
    expect((await registry.ask('GET', '/v2/x/y/tags/list')).json()).toEqual({ name: 'x/y', tags: ['a', 'b', 'c'] });
    const first = await registry.ask('GET', '/v2/x/y/tags/list?n=2');
    expect([first.json(), first.headers.link]).toEqual([
      { name: 'x/y', tags: ['a', 'b'] },
      '</v2/x/y/tags/list?n=2&last=b>; rel="next"',
    ]);
    const second = await registry.ask('GET', '/v2/x/y/tags/list?n=2&last=b');
    expect([second.json(), second.headers.link]).toEqual([{ name: 'x/y', tags: ['c'] }, undefined]);
    expect((await registry.ask('GET', '/v2/_catalog')).json()).toEqual({ repositories: ['other', 'x/y'] });
    expect((await registry.ask('GET', '/v2/gone/tags/list')).status).toBe(404);
  });

  it('knows what refers to a manifest', async () => {
    const subject = await pushImage('a', '1');
    const text = manifestOf('layer', {
      subject: { digest: subject },
      artifactType: 'test/signature',
      annotations: { by: 'me' },
    });
    const put = await putManifest('a', digestOf(text), text);
    expect([put.status, put.headers['oci-subject']]).toEqual([201, subject]);
    const all = await registry.ask('GET', `/v2/a/referrers/${subject}`);
    expect(all.headers['content-type']).toContain(indexType);
    const expected = { digest: digestOf(text), artifactType: 'test/signature', annotations: { by: 'me' } };
    expect((all.json() as { manifests: unknown[] }).manifests).toMatchObject([expected]);
    const none = await registry.ask('GET', `/v2/a/referrers/${subject}?artifactType=other`);
    expect([(none.json() as { manifests: unknown[] }).manifests, none.headers['oci-filters-applied']]).toEqual([
      [],
      'artifactType',
    ]);
    await registry.ask('DELETE', `/v2/a/manifests/${digestOf(text)}`);
    expect(
      ((await registry.ask('GET', `/v2/a/referrers/${subject}`)).json() as { manifests: unknown[] }).manifests,
    ).toEqual([]);
  });

  it('deletes a tag alone, or a manifest with its tags', async () => {
    const digest = await pushImage('a', 'one');
    await pushImage('a', 'two');
    expect((await registry.ask('DELETE', '/v2/a/manifests/one')).status).toBe(202);
    expect((await registry.ask('GET', '/v2/a/manifests/one')).status).toBe(404);
    expect((await registry.ask('GET', '/v2/a/manifests/two')).status).toBe(200);
    expect((await registry.ask('DELETE', `/v2/a/manifests/${digest}`)).status).toBe(202);
    expect((await registry.ask('GET', '/v2/a/manifests/two')).status).toBe(404);
    expect((await registry.ask('DELETE', `/v2/a/manifests/${digest}`)).status).toBe(404);
  });

  it('is full where its capacity ends, and has room again after', async () => {
    await registry[Symbol.asyncDispose]();
    registry = await RegistryUnderTest.open(directory, { capacityBytes: 1_000 });
    await pushBlob('a', randomBytes(600));
    const content = randomBytes(600);
    const answer = await registry.ask('POST', `/v2/a/blobs/uploads/?digest=${digestOf(content)}`, { body: content });
    expect([answer.status, codeOf(answer)]).toEqual([507, 'DENIED']);
    const swept = await sweep(registry.repositories, registry.contents, {
      nowMs: Date.now() + 10_000,
      graceMs: 0,
      untagged: false,
    });
    expect(swept).toMatchObject({ contents: 1, bytes: 600 });
    expect(registry.contents.usedBytes).toBe(0);
    await pushBlob('a', content);
  });

  it('sweeps what no manifest leads to, and spares what is new', async () => {
    const layer = randomBytes(1_000);
    const kept = await pushImage('a', 'kept', layer);
    const untagged = await pushImage('a', 'moved', 'first');
    await pushImage('a', 'moved', 'second');
    await pushBlob('a', 'stray');
    const options = { nowMs: Date.now(), graceMs: 60_000, untagged: true };
    expect(await sweep(registry.repositories, registry.contents, options)).toMatchObject({ contents: 0, manifests: 0 });
    const later = { nowMs: Date.now() + 120_000, graceMs: 60_000, untagged: false };
    expect(await sweep(registry.repositories, registry.contents, later)).toMatchObject({ contents: 1, manifests: 0 });
    expect((await registry.ask('HEAD', `/v2/a/blobs/${digestOf('stray')}`)).status).toBe(404);
    expect(await sweep(registry.repositories, registry.contents, { ...later, untagged: true })).toMatchObject({
      manifests: 1,
    });
    expect((await registry.ask('HEAD', `/v2/a/manifests/${untagged}`)).status).toBe(404);
    expect((await registry.ask('HEAD', `/v2/a/manifests/${kept}`)).status).toBe(200);
    expect((await registry.ask('GET', `/v2/a/blobs/${digestOf(layer)}`)).body.equals(layer)).toBe(true);
    expect((await registry.ask('GET', `/v2/a/blobs/${digestOf('second')}`)).body.toString()).toBe('second');
  });

  it('keeps one content once, also when many push it at the same time', async () => {
    const content = randomBytes(50_000);
    const push = (name: string) =>
      registry.ask('POST', `/v2/${name}/blobs/uploads/?digest=${digestOf(content)}`, { body: content });
    const answers = await Promise.all(['a', 'b', 'c', 'a'].map(push));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(registry.contents.usedBytes).toBe(content.length);
  });

  it('asks who it is before it answers, and by what right', async () => {
    await registry[Symbol.asyncDispose]();
    const asked: string[] = [];
    registry = await RegistryUnderTest.open(directory, {
      access: {
        check: (authorization, verb, repository) => {
          asked.push(`${authorization ?? 'nobody'} ${verb} ${repository}`);
          if (authorization === undefined) throw new RegistryError('UNAUTHORIZED', 'log in');
          if (verb !== 'get') throw new RegistryError('DENIED', 'no');
          return Promise.resolve();
        },
      },
    });
    const anonymous = await registry.ask('GET', '/v2/');
    expect([anonymous.status, anonymous.headers['www-authenticate']]).toEqual([401, 'Basic realm="geobuk registry"']);
    const headers = { authorization: 'Bearer x' };
    const denied = await registry.ask('POST', '/v2/a/b/blobs/uploads/', { headers });
    expect([denied.status, codeOf(denied)]).toEqual([403, 'DENIED']);
    expect((await registry.ask('GET', '/v2/a/b/manifests/x', { headers })).status).toBe(404);
    expect(asked).toEqual(['nobody login ', 'Bearer x update a/b', 'Bearer x get a/b']);
  });
});
