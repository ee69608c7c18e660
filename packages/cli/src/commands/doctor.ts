import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { columns } from '../columns.js';
import { dataDirectory } from '../data-directory.js';
import { parsePort } from '../flags.js';
import { findCommand, missingHostPackages } from '../host-packages.js';

interface Flags {
  readonly dataDir?: string;
  readonly port: string;
}

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** What was seen, and what to do about it. */
  readonly note: string;
}

const leastFreeBytes = 2 * 1024 ** 3;

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('looks at this machine and says what a cluster would miss')
    .option('--data-dir <dir>', 'where the cluster lives or would live')
    .option('--port <port>', 'port of the API', '6443')
    .action(async (flags: Flags) => {
      const findings = await examine(flags);
      console.log(
        columns(
          ['CHECK', 'RESULT', 'NOTE'],
          findings.map(({ what, ok, note }) => [what, ok ? 'ok' : 'problem', note]),
        ),
      );
      if (findings.some(({ ok }) => !ok)) process.exitCode = 1;
    });
}

async function examine(flags: Flags): Promise<readonly Finding[]> {
  const isRoot = process.getuid?.() === 0;
  const { path } = dataDirectory(flags.dataDir, process.env, isRoot);
  const missing = missingHostPackages();
  return [
    {
      what: 'Node.js',
      ok: nodeIsNewEnough(process.versions.node),
      note: `${process.versions.node}, at least 20.19 is needed`,
    },
    {
      what: 'Linux',
      ok: process.platform === 'linux',
      note: process.platform === 'linux' ? '' : `${process.platform}: only the control plane runs here`,
    },
    { what: 'root', ok: isRoot, note: isRoot ? '' : 'containers need root: sudo' },
    {
      what: 'packages',
      ok: missing.length === 0,
      note: missing.length === 0 ? '' : `apt-get install ${missing.join(' ')}`,
    },
    {
      what: 'cgroups',
      ok: existsSync('/sys/fs/cgroup'),
      note: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'version 2' : 'version 1',
    },
    { what: 'overlay filesystem', ...overlay() },
    { what: 'IPv4 forwarding', ...forwarding() },
    { what: 'data directory', ...writable(path) },
    { what: 'free space', ...space(path) },
    { what: `port ${flags.port}`, ...(await portFree(parsePort(flags.port))) },
    {
      what: 'kubectl',
      ok: true,
      note:
        findCommand('kubectl') === undefined ? 'not installed; geobuk get, apply, logs, … do the same' : 'installed',
    },
  ];
}

function nodeIsNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

function overlay(): Pick<Finding, 'ok' | 'note'> {
  if (process.platform !== 'linux') return { ok: false, note: 'not Linux' };
  const has = readFileSync('/proc/filesystems', 'utf8').includes('overlay');
  return { ok: true, note: has ? '' : 'not known to the kernel: containers use plain copies, which take more space' };
}

function forwarding(): Pick<Finding, 'ok' | 'note'> {
  if (process.platform !== 'linux') return { ok: false, note: 'not Linux' };
  const on = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1';
  return { ok: true, note: on ? 'on' : 'off; the network addon switches it on' };
}

/** The nearest directory that exists. */
function nearest(path: string): string {
  let directory = path;
  while (!existsSync(directory) && directory !== dirname(directory)) directory = dirname(directory);
  return directory;
}

function writable(path: string): Pick<Finding, 'ok' | 'note'> {
  const directory = nearest(path);
  try {
    accessSync(directory, constants.W_OK);
    return { ok: true, note: path };
  } catch {
    return { ok: false, note: `${directory} cannot be written: choose another --data-dir` };
  }
}

function space(path: string): Pick<Finding, 'ok' | 'note'> {
  const { bavail, bsize } = statfsSync(nearest(path));
  const free = bavail * bsize;
  return { ok: free >= leastFreeBytes, note: `${(free / 1024 ** 3).toFixed(1)} GiB free, images and logs want 2 GiB` };
}

function portFree(port: number): Promise<Pick<Finding, 'ok' | 'note'>> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve({
        ok: false,
        note: error.code === 'EADDRINUSE' ? 'in use: by a running cluster, or choose another --port' : error.message,
      }),
    );
    server.listen(port, '127.0.0.1', () => server.close(() => resolve({ ok: true, note: 'free' })));
  });
}
