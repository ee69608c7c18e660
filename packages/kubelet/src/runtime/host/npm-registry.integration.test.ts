import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { integrityOf, packDirectory } from '@geobuk/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NpmImages } from './npm-images.js';

// Needs npm. The registry is one of the test's own, on loopback.

const { signal } = new AbortController();
let path: string;
let stop: () => Promise<void>;
let requests: string[];
let served: { bytes: Buffer; integrity: string };
const saved = process.env['npm_config_registry'];

/** One package, one version, as npm asks for them. */
async function serve(): Promise<void> {
  const source = join(path, 'source');
  mkdirSync(join(source, 'dist'), { recursive: true });
  const manifest = { name: '@t/greet', version: '1.2.3', bin: './dist/main.js' };
  writeFileSync(join(source, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(source, 'dist/main.js'), 'console.log("hello")');
  const bytes = await packDirectory(source);
  served = { bytes, integrity: integrityOf(bytes) };
  const server = createServer((request, response) => {
    const { url = '' } = request;
    requests.push(url);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (url.endsWith('.tgz')) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(served.bytes);
    } else if (decodeURIComponent(url) === '/@t/greet') {
      const dist = { tarball: `${address}/@t/greet/-/greet-1.2.3.tgz`, integrity: served.integrity };
      const versions = { '1.2.3': { ...manifest, dist } };
      const body = JSON.stringify({ name: '@t/greet', 'dist-tags': { latest: '1.2.3' }, versions });
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    } else response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not found"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env['npm_config_registry'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  stop = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
}

beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'geobuk-registry-'));
  requests = [];
  process.env['npm_config_cache'] = join(path, 'cache');
  process.env['npm_config_fetch_retries'] = '0';
  await serve();
});
afterEach(async () => {
  await stop();
  for (const name of ['npm_config_cache', 'npm_config_fetch_retries']) Reflect.deleteProperty(process.env, name);
  if (saved === undefined) Reflect.deleteProperty(process.env, 'npm_config_registry');
  else process.env['npm_config_registry'] = saved;
  rmSync(path, { recursive: true, force: true });
});

const open = (): NpmImages => new NpmImages({ moduleRoots: [], directory: join(path, 'npm') });

describe('images of the host runtime from a registry', () => {
  it('are installed with the hash that the registry tells, and used without it afterwards', async () => {
    const found = await open().pull('npm:@t/greet@^1.0.0', signal);
    expect([found.version, found.integrity]).toEqual(['1.2.3', served.integrity]);
    expect(readFileSync(found.entry, 'utf8')).toBe('console.log("hello")');
    expect(requests.length).toBeGreaterThan(1);

    await stop();
    const again = open();
    expect(await again.pull('npm:@t/greet@1.2.3', signal)).toEqual(found);
    expect(await again.list()).toHaveLength(1);
    await again.remove('npm:@t/greet@1.2.3');
    expect(await again.find('npm:@t/greet@1.2.3')).toBeUndefined();
  });

  it('are refused when what comes is not what the registry told', async () => {
    served = { ...served, integrity: integrityOf(Buffer.from('another')) };
    await expect(open().pull('npm:@t/greet@1.2.3', signal)).rejects.toThrow(/EINTEGRITY|integrity/i);
    expect(await open().find('npm:@t/greet@1.2.3')).toBeUndefined();
  });

  it('are refused when somebody changed them on the node', async () => {
    const images = open();
    const found = await images.pull('npm:@t/greet@1.2.3', signal);
    writeFileSync(found.entry, 'console.log("evil")');
    await expect(open().pull('npm:@t/greet@1.2.3', signal)).rejects.toMatchObject({ code: 'ImagePull' });
  });

  it('that do not exist are named', async () => {
    await expect(open().pull('npm:@t/nothing@1.0.0', signal)).rejects.toThrow(/@t\/nothing@1\.0\.0.*(404|Not found)/s);
  });
});
