import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { RootEntry } from '@geobuk/kubelet';
import { CliError } from '../cli-error.js';
import { columns } from '../columns.js';
import { dataDirectory } from '../data-directory.js';
import { findCommand } from '../host-packages.js';

interface Flags {
  readonly dataDir?: string;
  readonly busybox?: boolean | string;
  readonly add?: readonly string[];
  readonly rootfs?: string;
  readonly entrypoint?: string;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly output?: string;
}

const never = new AbortController().signal;

export function addImageCommand(program: Command): void {
  const image = program.command('image').description('images of this node, without any registry');

  image
    .command('build <reference>')
    .description('make an image of local files and give it to this node')
    .option('--data-dir <dir>', 'where the cluster lives')
    .option('--busybox [path]', 'a shell and the usual tools, from a static busybox')
    .option('--add <source:target...>', 'a file of this machine, such as ./server:/usr/bin/server')
    .option('--rootfs <dir>', 'a directory that becomes the root of the image')
    .option('--entrypoint <command>', 'what containers run, separated by blanks')
    .option('--env <name=value...>', 'environment of its containers')
    .option('--workdir <dir>', 'working directory of its containers')
    .option('--user <user>', 'user of its containers')
    .option('--output <file>', 'write an archive instead of giving it to the node')
    .action(build);

  image
    .command('import <file>')
    .description('give an image archive (docker save, OCI) to this node')
    .option('--data-dir <dir>', 'where the cluster lives')
    .action(async (file: string, flags: Flags) => {
      if (!existsSync(file)) throw new CliError(`no such file: ${resolve(file)}`);
      await importArchive(resolve(file), flags);
      console.log(`imported ${resolve(file)}`);
    });

  image
    .command('list')
    .description('images that this node has')
    .option('--data-dir <dir>', 'where the cluster lives')
    .action(async (flags: Flags) => {
      const { openCriRuntime } = await import('@geobuk/kubelet');
      await using containerd = await nodeContainerd(flags);
      using runtime = await openCriRuntime({ socket: containerd.socket }, { signal: never });
      const images = await runtime.images({ signal: never });
      const rows = images.flatMap(({ tags, id, sizeBytes }) =>
        (tags.length === 0 ? ['<none>'] : tags).map((tag) => [
          tag,
          id.replace('sha256:', '').slice(0, 12),
          `${(sizeBytes / 1e6).toFixed(1)} MB`,
        ]),
      );
      console.log(columns(['IMAGE', 'ID', 'SIZE'], rows));
    });
}

async function build(reference: string, flags: Flags): Promise<void> {
  const { writeImageArchive } = await import('@geobuk/kubelet');
  const rootfs = flags.rootfs === undefined ? entries(flags) : directory(flags.rootfs);
  const scratch = mkdtempSync(join(tmpdir(), 'geobuk-image-'));
  try {
    const archive = flags.output === undefined ? join(scratch, 'image.tar') : resolve(flags.output);
    const digest = await writeImageArchive(
      archive,
      {
        reference: fullReference(reference),
        rootfs,
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        ...(flags.entrypoint === undefined ? {} : { entrypoint: flags.entrypoint.split(' ') }),
        ...(flags.entrypoint !== undefined || flags.busybox === undefined ? {} : { command: ['/bin/sh'] }),
        env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...(flags.env ?? [])],
        ...(flags.workdir === undefined ? {} : { workingDir: flags.workdir }),
        ...(flags.user === undefined ? {} : { user: flags.user }),
      },
      { signal: never },
    );
    if (flags.output === undefined) await importArchive(archive, flags);
    console.log(`${flags.output === undefined ? 'imported' : 'wrote'} ${fullReference(reference)} ${digest}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function directory(path: string): string {
  if (!existsSync(path) || !statSync(path).isDirectory()) throw new CliError(`--rootfs ${path}: no such directory`, 2);
  return resolve(path);
}

/** What containers expect of a root, busybox with a link for each of its tools, and the files that were named. */
function entries(flags: Flags): readonly RootEntry[] {
  const found: RootEntry[] = ['bin', 'etc', 'proc', 'sys', 'dev', 'root', 'var'].map((path) => ({
    type: 'directory',
    path,
  }));
  found.push({ type: 'directory', path: 'tmp', mode: 0o1777 });
  found.push({
    type: 'file',
    path: 'etc/passwd',
    content: Buffer.from('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
  });
  found.push({ type: 'file', path: 'etc/group', content: Buffer.from('root:x:0:\nnobody:x:65534:\n') });
  if (flags.busybox !== undefined)
    found.push(...busybox(typeof flags.busybox === 'string' ? flags.busybox : findCommand('busybox')));
  for (const pair of flags.add ?? []) {
    const colon = pair.lastIndexOf(':');
    const source = pair.slice(0, colon);
    const target = pair.slice(colon + 1);
    if (colon < 1 || !target.startsWith('/')) throw new CliError(`--add ${pair}: use source:/target`, 2);
    if (!existsSync(source)) throw new CliError(`--add ${pair}: no such file: ${resolve(source)}`);
    const parents = target
      .slice(1)
      .split('/')
      .slice(0, -1)
      .map((_part, i, parts) => parts.slice(0, i + 1).join('/'));
    for (const path of parents)
      if (!found.some((entry) => entry.path === path)) found.push({ type: 'directory', path });
    found.push({ type: 'copy', path: target.slice(1), from: resolve(source), mode: 0o755 });
  }
  if (flags.busybox === undefined && (flags.add ?? []).length === 0) {
    throw new CliError('the image would be empty: use --busybox, --add source:/target or --rootfs dir', 2);
  }
  return found;
}

function busybox(path: string | undefined): readonly RootEntry[] {
  if (path === undefined)
    throw new CliError(
      'no busybox found: run apt-get install busybox-static, or name one with --busybox /path/to/busybox',
    );
  const listed = spawnSync(path, ['--list'], { encoding: 'utf8' });
  if (listed.status !== 0) throw new CliError(`${path} --list failed: is it a busybox?`);
  const applets = listed.stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return [
    { type: 'copy', path: 'bin/busybox', from: path, mode: 0o755 },
    ...applets.map((name): RootEntry => ({ type: 'symlink', path: `bin/${name}`, target: 'busybox' })),
  ];
}

/** Follows: docker's short names: `web` is `docker.io/library/web:latest`. */
export function fullReference(reference: string): string {
  const [first = ''] = reference.split('/');
  const hasHost = reference.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const withHost = hasHost
    ? reference
    : reference.includes('/')
      ? `docker.io/${reference}`
      : `docker.io/library/${reference}`;
  const last = withHost.slice(withHost.lastIndexOf('/') + 1);
  return last.includes(':') || withHost.includes('@') ? withHost : `${withHost}:latest`;
}

async function importArchive(file: string, flags: Flags): Promise<void> {
  const { importImage } = await import('@geobuk/kubelet');
  await using containerd = await nodeContainerd(flags);
  await importImage(containerd.client, file, { signal: never });
}

/** The node's containerd: the one that runs; without a running cluster one is started, and stopped when it is disposed. */
async function nodeContainerd(flags: Flags) {
  if (process.getuid?.() !== 0) throw new CliError('images of the node belong to root: run as root');
  const { PrivateContainerd } = await import('@geobuk/kubelet');
  const { path } = dataDirectory(flags.dataDir, process.env, true);
  const directoryOfNode = join(path, 'containerd');
  let started = false;
  const log = {
    info: (_fields: object, message: string): void => {
      if (message === 'containerd started') started = true;
    },
    warn: (_fields: object, message: string): void => console.error(`geobuk: ${message}`),
  };
  const containerd = await PrivateContainerd.open({ directory: directoryOfNode }, { log }, { signal: never });
  return {
    socket: containerd.socket,
    client: containerd.client,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      if (started) await containerd.stop();
    },
  };
}
