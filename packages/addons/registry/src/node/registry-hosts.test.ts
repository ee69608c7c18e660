import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RegistryHosts } from './registry-hosts.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'geobuk-hosts-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const host = { hostname: 'registry.cluster.local', address: '10.43.0.9', port: 443, ca: 'CA' };

describe('what a node knows of the registry', () => {
  it('is its address and who signed for it, written only when it changes', async () => {
    const hosts = new RegistryHosts(directory);
    expect(await hosts.write(host)).toBe(true);
    const folder = join(directory, host.hostname);
    expect(await readFile(join(folder, 'hosts.toml'), 'utf8')).toBe(
      [
        'server = "https://10.43.0.9:443"',
        `ca = "${folder}/ca.crt"`,
        '[host."https://10.43.0.9:443"]',
        'capabilities = ["pull", "resolve"]',
        `ca = "${folder}/ca.crt"`,
        '',
      ].join('\n'),
    );
    expect(await readFile(join(folder, 'ca.crt'), 'utf8')).toBe('CA');
    expect(await hosts.write(host)).toBe(false);
    expect(await hosts.write({ ...host, address: 'fd00::1' })).toBe(true);
    expect(await readFile(join(folder, 'hosts.toml'), 'utf8')).toContain('server = "https://[fd00::1]:443"');
  });

  it('goes without a trace, and nothing else goes with it', async () => {
    const hosts = new RegistryHosts(directory);
    await hosts.write(host);
    await hosts.write({ ...host, hostname: 'other.test' });
    await hosts.remove(host.hostname);
    expect(await readdir(directory)).toEqual(['other.test']);
    await expect(hosts.remove('../etc')).rejects.toThrow('is no host name');
  });
});
