import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderClusterInfo, renderKubeconfig } from './admin-kubeconfig.js';

const server = 'https://[fd00::1]:6443';
const caPem = '-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n';
const text = (base64: unknown): string => Buffer.from(String(base64), 'base64').toString();

describe('kubeconfigs', () => {
  it('the one of an administrator is YAML that names cluster, user and context, certificates inside', () => {
    const parsed = parse(renderKubeconfig(server, caPem, 'admin', { keyPem: 'key', certPem: 'cert' })) as {
      clusters: { name: string; cluster: Record<string, string> }[];
      users: { name: string; user: Record<string, string> }[];
      contexts: unknown[];
      'current-context': string;
    };
    expect(parsed.clusters).toMatchObject([{ name: 'geobuk', cluster: { server } }]);
    expect(text(parsed.clusters[0]?.cluster['certificate-authority-data'])).toBe(caPem);
    expect(parsed.users[0]?.name).toBe('admin');
    expect(text(parsed.users[0]?.user['client-certificate-data'])).toBe('cert');
    expect(text(parsed.users[0]?.user['client-key-data'])).toBe('key');
    expect(parsed.contexts).toEqual([{ name: 'geobuk', context: { cluster: 'geobuk', user: 'admin' } }]);
    expect(parsed['current-context']).toBe('geobuk');
  });

  it("a joining machine's names the cluster by no name, and nobody who may enter", () => {
    expect(parse(renderClusterInfo(server, caPem))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: '',
          cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') },
        },
      ],
      contexts: [],
      users: [],
      'current-context': '',
    });
  });
});
