import { createHmac } from 'node:crypto';
import { configMaps, secrets } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { turnControllers } from '../testing/turn-controllers.js';
import { BootstrapSignerController, signedInfo } from './bootstrap-signer-controller.js';

const encoded = (data: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]));
const token = (id: string, extra: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'bootstrap.kubernetes.io/token',
  metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system', uid: `uid-${id}` },
  data: encoded({ 'token-id': id, 'token-secret': 'very-secret', 'usage-bootstrap-signing': 'true', ...extra }),
});
const now = Date.parse('2030-01-01T00:00:00Z');
const signers = (...tokens: readonly ReturnType<typeof token>[]) =>
  Object.keys(signedInfo({ kubeconfig: 'k', 'jws-kubeconfig-gone': 'x' }, tokens, now)).slice(1);

describe('BootstrapSignerController', () => {
  it('5.14.3 signs for tokens that may sign and have not expired, and takes other signatures away', () => {
    expect(
      signers(
        token('abcdef'),
        token('noother', { 'usage-bootstrap-signing': 'false' }),
        token('expired', { expiration: '2029-01-01T00:00:00Z' }),
        token('lasting', { expiration: '2031-01-01T00:00:00Z' }),
      ),
    ).toEqual(['jws-kubeconfig-abcdef', 'jws-kubeconfig-lasting']);
  });

  it('5.14.3 keeps cluster-info signed so that the holder of the token can verify it', async () => {
    const info = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cluster-info', namespace: 'kube-public', uid: 'uid-info' },
      data: { kubeconfig: 'apiVersion: v1' },
    };
    await using world = await turnControllers([info, token('abcdef')], (made) => [new BootstrapSignerController(made)]);
    const data = () => world.client.stored(configMaps)[0]?.data ?? {};
    const [header = '', payload, signature] = (data()['jws-kubeconfig-abcdef'] ?? '').split('.');
    expect(payload).toBe('');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', kid: 'abcdef' });
    const signed = `${header}.${Buffer.from('apiVersion: v1').toString('base64url')}`;
    expect(signature).toBe(createHmac('sha256', 'very-secret').update(signed).digest('base64url'));
    const key = { namespace: 'kube-system', name: 'bootstrap-token-abcdef' };
    await world.client.delete(secrets, key, { signal: new AbortController().signal });
    await world.settle();
    expect(data()).toEqual({ kubeconfig: 'apiVersion: v1' });
  });
});
