import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable, Writable } from 'node:stream';
import { Transform } from 'node:stream';

/** One thing in a root file system; `path` has no leading slash. */
export type RootEntry = { readonly path: string; readonly mode?: number | undefined } & (
  | { readonly type: 'directory' }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'file'; readonly content: Buffer }
  | { readonly type: 'copy'; readonly from: string }
);

export interface ImageArchiveSpec {
  /** Full name with tag, as pods will write it: `docker.io/library/web:1`. */
  readonly reference: string;
  /** A directory that becomes `/`, or what is in it one by one. */
  readonly rootfs: string | readonly RootEntry[];
  readonly architecture: string;
  readonly entrypoint?: readonly string[] | undefined;
  readonly command?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly workingDir?: string | undefined;
  readonly user?: string | undefined;
  readonly stopSignal?: string | undefined;
}

interface TarHeader {
  readonly name: string;
  readonly mode?: number;
  readonly size?: number;
  readonly type?: 'file' | 'directory' | 'symlink';
  readonly linkname?: string;
  readonly mtime: Date;
  readonly uid?: number;
  readonly gid?: number;
}
/** The part of tar-stream that is used; it ships no types. */
interface TarPack extends Readable {
  entry(header: TarHeader, content: Buffer | string, done: (error?: Error | null) => void): Writable;
  entry(header: TarHeader, done: (error?: Error | null) => void): Writable;
  finalize(): void;
}

/** No clock in an image: the same input gives the same digest. */
const mtime = new Date(0);

/**
 * Writes an image of one layer as an OCI layout in a tar, which also carries a Docker manifest: containerd, CRI-O,
 * podman and docker all import it. Follows: OCI image layout 1.0.
 * @returns the digest of the image's manifest.
 */
export async function writeImageArchive(
  file: string,
  spec: ImageArchiveSpec,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  // The layer's digest stands in front of it, so it is written once beside the archive first.
  const scratch = await mkdtemp(join(dirname(file), '.image-'));
  try {
    const layerFile = join(scratch, 'layer.tar');
    const layer = await writeLayer(layerFile, spec.rootfs, signal);
    const config = jsonBlob('application/vnd.oci.image.config.v1+json', imageConfig(spec, layer.digest));
    const manifest = jsonBlob('application/vnd.oci.image.manifest.v1+json', {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: config.descriptor,
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    });
    const index = {
      schemaVersion: 2,
      manifests: [
        {
          ...manifest.descriptor,
          platform: { architecture: spec.architecture, os: 'linux' },
          annotations: {
            'io.containerd.image.name': spec.reference,
            'org.opencontainers.image.ref.name': spec.reference.replace(/^.*:/, ''),
          },
        },
      ],
    };
    const docker = [
      { Config: blobPath(config.descriptor.digest), RepoTags: [spec.reference], Layers: [blobPath(layer.digest)] },
    ];
    await writeTar(file, signal, async (pack) => {
      await addBuffer(pack, 'oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }));
      await addBuffer(pack, 'index.json', JSON.stringify(index));
      await addBuffer(pack, 'manifest.json', JSON.stringify(docker));
      await addBuffer(pack, blobPath(config.descriptor.digest), config.content);
      await addBuffer(pack, blobPath(manifest.descriptor.digest), manifest.content);
      await addFile(pack, { name: blobPath(layer.digest), mode: 0o644, size: layer.size, mtime }, layerFile);
    });
    return manifest.descriptor.digest;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

function imageConfig(spec: ImageArchiveSpec, diffId: string): object {
  return {
    created: mtime.toISOString(),
    architecture: spec.architecture,
    os: 'linux',
    config: {
      Env: spec.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Entrypoint: spec.entrypoint,
      Cmd: spec.command,
      WorkingDir: spec.workingDir,
      User: spec.user,
      StopSignal: spec.stopSignal,
    },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: mtime.toISOString(), created_by: 'geobuk image' }],
  };
}

interface Blob {
  readonly content: Buffer;
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
}

function jsonBlob(mediaType: string, value: object): Blob {
  const content = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  return { content, descriptor: { mediaType, digest, size: content.length } };
}

async function writeLayer(
  file: string,
  rootfs: ImageArchiveSpec['rootfs'],
  signal: AbortSignal,
): Promise<{ readonly digest: string; readonly size: number }> {
  const hash = createHash('sha256');
  await writeTar(
    file,
    signal,
    async (pack) => {
      if (typeof rootfs === 'string') await addTree(pack, rootfs, '', signal);
      else for (const entry of rootfs) await addEntry(pack, entry);
    },
    hash,
  );
  return { digest: `sha256:${hash.digest('hex')}`, size: (await stat(file)).size };
}

async function writeTar(
  file: string,
  signal: AbortSignal,
  fill: (pack: TarPack) => Promise<void>,
  hash?: { update(chunk: Buffer): unknown },
): Promise<void> {
  const { pack: newPack } = createRequire(import.meta.url)('tar-stream') as { pack(): TarPack };
  const pack = newPack();
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash?.update(chunk);
      done(null, chunk);
    },
  });
  const written = pipeline(pack, tap, createWriteStream(file, { mode: 0o600 }), { signal });
  const filled = fill(pack).then(
    () => pack.finalize(),
    (error: unknown) => {
      pack.destroy(error as Error);
      throw error;
    },
  );
  const [result] = await Promise.allSettled([filled, written]);
  if (result.status === 'rejected') throw result.reason;
  await written;
}

const addBuffer = (pack: TarPack, name: string, content: Buffer | string, mode = 0o644): Promise<void> =>
  new Promise((resolve, reject) =>
    pack.entry({ name, mode, mtime, uid: 0, gid: 0 }, content, (error) => (error ? reject(error) : resolve())),
  );

const addHeader = (pack: TarPack, header: TarHeader): Promise<void> =>
  new Promise((resolve, reject) => pack.entry(header, '', (error) => (error ? reject(error) : resolve())));

async function addFile(pack: TarPack, header: TarHeader, from: string): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    const entry = pack.entry(header, (error) => (error ? reject(error) : resolve()));
    pipeline(createReadStream(from), entry).catch(reject);
  });
  await done;
}

async function addEntry(pack: TarPack, entry: RootEntry): Promise<void> {
  const owner = { uid: 0, gid: 0, mtime };
  switch (entry.type) {
    case 'directory':
      return addHeader(pack, { name: `${entry.path}/`, type: 'directory', mode: entry.mode ?? 0o755, ...owner });
    case 'symlink':
      return addHeader(pack, { name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777, ...owner });
    case 'file':
      return addBuffer(pack, entry.path, entry.content, entry.mode ?? 0o644);
    case 'copy': {
      const { size, mode } = await stat(entry.from);
      return addFile(pack, { name: entry.path, mode: entry.mode ?? mode & 0o7777, size, ...owner }, entry.from);
    }
    default:
      entry satisfies never;
  }
}

/** Everything below `directory`, in the order of names. Sockets, devices and FIFOs have no place in an image. */
async function addTree(pack: TarPack, directory: string, prefix: string, signal: AbortSignal): Promise<void> {
  for (const name of (await readdir(directory)).sort()) {
    signal.throwIfAborted();
    const from = join(directory, name);
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const { uid, gid, mode, size, ...kind } = await lstatOf(from);
    const header = { uid, gid, mode: mode & 0o7777, mtime };
    if (kind.directory) {
      await addHeader(pack, { name: `${path}/`, type: 'directory', ...header });
      await addTree(pack, from, path, signal);
    } else if (kind.symlink) {
      await addHeader(pack, { name: path, type: 'symlink', linkname: await readlink(from), ...header });
    } else if (kind.file) {
      await addFile(pack, { name: path, size, ...header }, from);
    }
  }
}

async function lstatOf(path: string): Promise<{
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly size: number;
  readonly directory: boolean;
  readonly symlink: boolean;
  readonly file: boolean;
}> {
  const found = await lstat(path);
  const { uid, gid, mode, size } = found;
  return {
    uid,
    gid,
    mode,
    size,
    directory: found.isDirectory(),
    symlink: found.isSymbolicLink(),
    file: found.isFile(),
  };
}
