import { execFile } from 'node:child_process';
import { readFile, readdir, statfs } from 'node:fs/promises';
import { arch, availableParallelism, networkInterfaces, release, totalmem } from 'node:os';
import { createConnection } from 'node:net';
import { promisify } from 'node:util';
import { canonicalQuantity } from '@geobuk/api';

/** What this machine is. Read once; the parts that change are in {@link readPressure}. */
export interface Machine {
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** Huge pages that are set aside, in bytes, by their name in a Node: `hugepages-2Mi`. */
  readonly hugePages: Readonly<Record<string, number>>;
  /** The kernel confines by AppArmor. */
  readonly appArmor: boolean;
}

const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm: 'arm',
  arm64: 'arm64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};

const textOf = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    // Containers and small systems lack some of these; the fields are informative.
    return '';
  }
};

export async function readMachine(dataDir: string): Promise<Machine> {
  const osRelease = await textOf('/etc/os-release');
  const disk = await statfs(dataDir);
  const machineId = (await textOf('/etc/machine-id')) || (await textOf('/var/lib/dbus/machine-id'));
  return {
    machineId,
    systemUuid: (await textOf('/sys/class/dmi/id/product_uuid')) || machineId,
    bootId: await textOf('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(osRelease)?.[1] ?? 'Linux',
    architecture: architectures[arch()] ?? arch(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    diskBytes: disk.blocks * disk.bsize,
    hugePages: await readHugePages(),
    appArmor: (await textOf('/sys/module/apparmor/parameters/enabled')) === 'Y',
  };
}

const hugePagesRoot = '/sys/kernel/mm/hugepages';

/** Follows: resource names of huge pages. A kernel without any has none. */
async function readHugePages(): Promise<Readonly<Record<string, number>>> {
  const sizes = (await readdir(hugePagesRoot).catch(() => [])).map((name) =>
    Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]),
  );
  const found = await Promise.all(
    sizes
      .filter((kilobytes) => kilobytes > 0)
      .map(async (kilobytes) => {
        const pages = Number(await textOf(`${hugePagesRoot}/hugepages-${kilobytes}kB/nr_hugepages`)) || 0;
        return [`hugepages-${canonicalQuantity(`${kilobytes}Ki`)}`, pages * kilobytes * 1024] as const;
      }),
  );
  return Object.fromEntries(found);
}

export interface Pressure {
  readonly memoryAvailableBytes: number;
  readonly diskAvailableBytes: number;
  readonly diskBytes: number;
  readonly pidsAvailable: number;
  readonly pidsMax: number;
}

export async function readPressure(dataDir: string): Promise<Pressure> {
  const meminfo = await textOf('/proc/meminfo');
  const disk = await statfs(dataDir);
  const loadavg = await textOf('/proc/loadavg');
  const pidsMax = Number(await textOf('/proc/sys/kernel/pid_max')) || 32_768;
  const processes = Number(/\d+\/(\d+)/.exec(loadavg)?.[1] ?? 0);
  return {
    memoryAvailableBytes: Number(/^MemAvailable:\s+(\d+)/m.exec(meminfo)?.[1] ?? 0) * 1024,
    diskAvailableBytes: disk.bavail * disk.bsize,
    diskBytes: disk.blocks * disk.bsize,
    pidsAvailable: pidsMax - processes,
    pidsMax,
  };
}

/**
 * The address by which others reach this node: the one used to reach the API server, unless that is this machine
 * itself; then the one of the default route, else any that is not loopback.
 */
export async function findNodeIp(server: string, signal: AbortSignal): Promise<string> {
  const { hostname, port, protocol } = new URL(server);
  const used = await localAddressTo(
    hostname.replace(/^\[|\]$/g, ''),
    Number(port === '' ? (protocol === 'http:' ? 80 : 443) : port),
    signal,
  );
  if (used !== undefined && !isLoopback(used)) return used;
  const routed = await defaultRouteAddress();
  if (routed !== undefined) return routed;
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');
  return others[0]?.address ?? used ?? '127.0.0.1';
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

function localAddressTo(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, signal, timeout: 5000 });
    const end = (address: string | undefined): void => {
      socket.destroy();
      resolve(address);
    };
    socket.on('connect', () => end(socket.localAddress?.replace(/^::ffff:/, '')));
    socket.on('timeout', () => end(undefined));
    socket.on('error', () => end(undefined));
  });
}

async function defaultRouteAddress(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ip', ['-4', '-j', 'route', 'get', '1.1.1.1'], { timeout: 5000 });
    const [route] = JSON.parse(stdout) as readonly { readonly prefsrc?: string }[];
    return route?.prefsrc;
  } catch {
    // No default route, or no ip command: the caller has another way.
    return undefined;
  }
}
