import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, eventually } from './cluster.js';

interface AddonObject {
  readonly status?: {
    readonly phase?: string;
    readonly installedVersion?: string;
    readonly upgrade?: { readonly state?: string; readonly message?: string };
    readonly lastError?: { readonly reason?: string; readonly message?: string };
    readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

const docs = readFileSync(fileURLToPath(new URL('../../docs/addons.md', import.meta.url)), 'utf8');
/** The files that docs/addons.md tells to make, exactly as they stand there. */
const files = [...docs.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, path = '', text = '']) => ({ path, text }));

let cluster: Cluster;
let directory: string;
let registry: Server;

/** `npm pack` of the package in the documentation, with changes by file. */
function pack(version: string, changes: Readonly<Record<string, (text: string) => string>> = {}): string {
  const folder = mkdtempSync(join(directory, 'package-'));
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const versioned = path === 'package.json' ? text.replace('"version": "1.0.0"', `"version": "${version}"`) : text;
    writeFileSync(join(folder, path), changes[path]?.(versioned) ?? versioned);
  }
  const { status, stderr } = spawnSync('npm', ['pack', '--silent'], { cwd: folder, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return join(folder, `geobuk-addon-greeting-${version}.tgz`);
}

const integrityOf = (file: string): string =>
  `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;

/** As much of a registry as npm asks for. */
function serveRegistry(archives: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const archive = archives[path.replace(/^\/-\//, '').replace(/\.tgz$/, '')];
    const { port } = server.address() as AddressInfo;
    if (archive !== undefined) response.end(readFileSync(archive));
    else if (path !== '/geobuk-addon-greeting') response.writeHead(404).end('{}');
    else {
      const versions = Object.fromEntries(
        Object.entries(archives).map(([version, file]) => {
          const dist = { tarball: `http://127.0.0.1:${port}/-/${version}.tgz`, integrity: integrityOf(file) };
          return [version, { name: 'geobuk-addon-greeting', version, dist }];
        }),
      );
      const latest = Object.keys(archives).at(-1);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name: 'geobuk-addon-greeting', 'dist-tags': { latest }, versions }));
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const greeting = (): AddonObject => cluster.get<AddonObject>('addon', 'greeting');
const ready = (version: string) =>
  eventually(greeting, ({ status }) => status?.phase === 'Ready' && status.installedVersion === version, 120_000);
const reasonOf = ({ status }: AddonObject, type: string) => status?.conditions?.find((one) => one.type === type);
const packages = (): string =>
  cluster.kubectl('get', 'addonpackages', '-l', 'addons.geobuk.dev/package-of=greeting', '-o', 'name').stdout.trim();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'geobuk-outside-'));
  cluster = await Cluster.up();
});
afterAll(async () => {
  registry?.close();
  await cluster[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

describe('A11: an addon written outside, by following docs/addons.md to the letter', () => {
  let first: string;

  it('is refused from a file, naming what it asks for, until that is allowed', () => {
    expect(files.map(({ path }) => path)).toEqual(['package.json', 'dist/index.js', 'dist/main.js', 'README.md']);
    first = pack('1.0.0');
    const refused = cluster.geobuk('addon', 'install', first);
    expect(refused.status).toBe(1);
    expect(refused.stderr.trim()).toBe(
      'geobuk: greeting asks for what it is not allowed: host (run as root on the nodes themselves: DaemonSet greeting): add --allow host if you trust it',
    );
    expect(cluster.kubectl('get', 'addon', 'greeting').status).toBe(1);
    expect(cluster.geobuk('addon', 'install', first, '--integrity', `sha512-${'A'.repeat(86)}==`).stderr).toMatch(
      /has the integrity sha512-.*do not install it/,
    );
  });

  it('is installed and works', async () => {
    const installed = cluster.geobuk('addon', 'install', first, '--allow', 'host', '--set', 'greeting=ahoy');
    expect(installed).toMatchObject({ status: 0 });
    expect(installed.stdout).toContain('asks for   host: run as root on the nodes themselves: DaemonSet greeting');
    await ready('1.0.0');
    await eventually(
      () => cluster.kubectl('logs', '-n', 'kube-system', 'daemonset/greeting').stdout,
      (log) => log.includes('"msg":"ahoy"'),
    );
    expect(cluster.geobuk('addon', 'list').stdout).toMatch(/^greeting\s+on\s+Ready\s+1\.0\.0/m);
  });

  it('A8: gives way to a new version, and comes back when that one falls over', async () => {
    const bad = pack('1.1.0', { 'dist/main.js': () => "throw new Error('no wind today');\n" });
    expect(cluster.geobuk('addon', 'install', bad)).toMatchObject({ status: 0 });
    const after = await eventually(greeting, ({ status }) => status?.upgrade?.state === 'RolledBack', 180_000);
    expect(after.status?.upgrade?.message).toMatch(/pod kube-system\/greeting-\w+: CrashLoopBackOff .*/);
    const back = await ready('1.0.0');
    expect(reasonOf(back, 'UpToDate')).toMatchObject({ reason: 'RolledBack' });
    const good = pack('1.2.0', {
      'dist/main.js': (text) => text.replace('config.greeting', '`${config.greeting} again`'),
    });
    expect(cluster.geobuk('addon', 'install', good)).toMatchObject({ status: 0 });
    await eventually(greeting, ({ status }) => status?.upgrade?.state === 'Succeeded', 120_000);
    await ready('1.2.0');
    expect(packages()).toBe('addonpackage.addons.geobuk.dev/geobuk-addon-greeting-1.2.0');
    // What was configured stays (A7).
    await eventually(
      () => cluster.kubectl('logs', '-n', 'kube-system', 'daemonset/greeting').stdout,
      (log) => log.includes('"msg":"ahoy again"'),
    );
  });

  it('is refused as a new version that asks for more than was allowed', () => {
    const greedy = pack('1.3.0', {
      'dist/index.js': (text) => text.replace("verbs: ['get']", "verbs: ['get', 'delete']"),
    });
    expect(cluster.geobuk('addon', 'install', greedy).stderr.trim()).toBe(
      'geobuk: greeting asks for what it is not allowed: write (delete nodes): add --allow write if you trust it',
    );
  });

  it('goes with its package', async () => {
    expect(cluster.kubectl('delete', 'addon', 'greeting', '--timeout=60s')).toMatchObject({ status: 0 });
    await eventually(packages, (names) => names === '');
    expect(cluster.kubectl('get', 'daemonset', '-n', 'kube-system', 'greeting').status).toBe(1);
  });

  it('comes from a registry with its hash, and without one only when it is said', async () => {
    registry = await serveRegistry({ '1.0.0': first });
    const { port } = registry.address() as AddressInfo;
    const at = { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_cache: join(directory, 'cache') };
    const enable = (...args: readonly string[]) =>
      cluster.geobukWith(at, 'addon', 'enable', 'greeting', '--source', 'npm:geobuk-addon-greeting@1.0.0', ...args);
    expect((await enable('--allow', 'host')).stderr).toContain(`the registry has now ${integrityOf(first)}`);
    expect(await enable('--allow', 'host', '--integrity', integrityOf(first))).toMatchObject({ status: 0 });
    await ready('1.0.0');
  });
});
