import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RegistryUnderTest } from './testing/registry-under-test.js';

const run = promisify(execFile);
let directory: string;
let registry: RegistryUnderTest;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'geobuk-registry-'));
  registry = await RegistryUnderTest.open(join(directory, 'registry'));
  await mkdir(join(directory, 'ca'));
  await writeFile(join(directory, 'ca', 'ca.crt'), registry.ca);
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** An image as a folder. Follows: OCI image layout. */
async function imageLayout(layer: Buffer): Promise<string> {
  const folder = join(directory, 'image');
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  const put = async (content: Buffer | string, mediaType: string) => {
    const hex = createHash('sha256').update(content).digest('hex');
    await writeFile(join(folder, 'blobs', 'sha256', hex), content);
    return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(content) };
  };
  const stored = await put(layer, 'application/vnd.oci.image.layer.v1.tar');
  const rootfs = { type: 'layers', diff_ids: [stored.digest] };
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const parts = { config: await put(config, 'application/vnd.oci.image.config.v1+json'), layers: [stored] };
  const manifest = await put(JSON.stringify({ schemaVersion: 2, mediaType, ...parts }), mediaType);
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return folder;
}

const skopeo = async (...args: readonly string[]): Promise<string> =>
  (await run('skopeo', ['--insecure-policy', ...args], { timeout: 50_000 })).stdout;

describe('skopeo', () => {
  it('pushes an image, finds it, and gets back the same', async () => {
    const layer = randomBytes(8 << 20);
    const image = await imageLayout(layer);
    const there = `docker://localhost:${registry.port}/team/app:1`;
    const trust = join(directory, 'ca');
    // The layer is kept as it is: compressed it would be another content.
    const asIs = ['--preserve-digests', '--dest-cert-dir', trust];
    await skopeo('copy', ...asIs, `oci:${image}`, there);
    const found = JSON.parse(await skopeo('inspect', '--cert-dir', trust, there)) as {
      Digest: string;
      RepoTags: string[];
    };
    expect(found.RepoTags).toEqual(['1']);
    await skopeo('copy', '--preserve-digests', '--src-cert-dir', trust, there, `oci:${join(directory, 'back')}:1`);
    const index = JSON.parse(await readFile(join(directory, 'back', 'index.json'), 'utf8')) as {
      manifests: readonly { digest: string }[];
    };
    expect(index.manifests[0]?.digest).toBe(found.Digest);
    const hex = createHash('sha256').update(layer).digest('hex');
    expect((await readFile(join(directory, 'back', 'blobs', 'sha256', hex))).equals(layer)).toBe(true);
    await skopeo('delete', '--cert-dir', trust, there);
    await expect(skopeo('inspect', '--cert-dir', trust, there)).rejects.toThrow(/manifest unknown|no manifest/i);
  });
});
