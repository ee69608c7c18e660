import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

/** What a node runs, by the names of its packages. */
const packages = [
  'base-files',
  'dash',
  'coreutils',
  'grep',
  'sed',
  'mount',
  'util-linux',
  'procps',
  'containerd',
  'runc',
  'containernetworking-plugins',
  'nftables',
  'iproute2',
  'conntrack',
  'kmod',
  'busybox-static',
  'libstdc++6',
  'ca-certificates',
];

const lines = (command: string, ...args: readonly string[]): readonly string[] => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
};

/** The installed packages that these need, themselves included. */
function closure(names: readonly string[]): readonly string[] {
  const needed = new Set<string>();
  const left = [...names];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (needed.has(name)) continue;
    const shown = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}\t${Depends}, ${Pre-Depends}', name], {
      encoding: 'utf8',
    }).stdout;
    const [status, depends] = shown.split('\t');
    if (status !== 'installed') continue; // one of several alternatives, or virtual
    needed.add(name);
    for (const word of (depends ?? '').split(/[,|]/)) {
      const dependency = word.trim().split(/[ :(]/)[0];
      if (dependency) left.push(dependency);
    }
  }
  return [...needed];
}

/**
 * Makes a base image out of this machine's own packages and Node.js, because no registry may be in reach: the files of the
 * packages that a node needs, laid into an image as they are.
 */
export function importBaseImage(tag: string, environment: NodeJS.ProcessEnv): void {
  const left = /^\/usr\/share\/(doc|man|locale|info|lintian|bug)\//;
  const files = lines('dpkg', '-L', ...closure(packages)).filter(
    (path) => path.startsWith('/') && !left.test(path) && existsSync(path) && !statSync(path).isDirectory(),
  );
  const more = ['/tmp', '/root', '/run', '/var/lib', '/opt', '/etc/passwd', '/etc/group', process.execPath];
  const list = [...new Set([...files, ...more])].join('\0');
  const tar = spawnSync(
    'tar',
    ['--create', '--null', '--no-recursion', '--files-from=-', '--absolute-names', '--file=-'],
    {
      input: list,
      maxBuffer: 1 << 30,
    },
  );
  if (tar.status !== 0) throw new Error(tar.stderr.toString());
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const imported = spawnSync('docker', ['import', '--change', `ENV ${path}`, '-', tag], {
    input: tar.stdout,
    env: environment,
  });
  if (imported.status !== 0) throw new Error(imported.stderr.toString());
}
