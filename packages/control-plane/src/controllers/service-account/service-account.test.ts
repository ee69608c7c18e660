import type { KubernetesObject, Namespace, Secret, ServiceAccount } from '@geobuk/api';
import { configMaps, namespaces, secrets, serviceAccounts } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { describe, expect, it } from 'vitest';
import { RootCaController } from '../root-ca/root-ca-controller.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { ServiceAccountController } from './service-account-controller.js';
import { TokenSecretController } from './token-secret-controller.js';

const signal = new AbortController().signal;
const namespace = (name: string): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, uid: `uid-${name}` },
  spec: {},
});
const account: ServiceAccount = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'robot', namespace: 'team', uid: 'uid-robot' },
};
const tokenSecret = (annotations: Readonly<Record<string, string>>): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/service-account-token',
  metadata: { name: 'robot-token', namespace: 'team', uid: 'uid-secret', annotations },
});
const named = { 'kubernetes.io/service-account.name': 'robot' };

/** With an API server that signs. */
const start = (...objects: readonly KubernetesObject[]) =>
  turnControllers(objects, (world) => {
    const createSubresource: Client['createSubresource'] = async <R>(
      ...[, key, subresource, body]: Parameters<Client['createSubresource']>
    ) => {
      const { spec } = body as { readonly spec: { readonly boundObjectRef: { readonly name: string } } };
      return Promise.resolve({
        status: { token: `${subresource} for ${key.name} in ${spec.boundObjectRef.name}` },
      } as R);
    };
    const client = new Proxy<Client>(world.client, {
      get: (target, property) => {
        if (property === 'createSubresource') return createSubresource;
        const value = Reflect.get(target, property) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    return [
      new ServiceAccountController(world),
      new RootCaController({ ...world, rootCa: 'PEM' }),
      new TokenSecretController({ ...world, client, rootCa: 'PEM' }),
    ];
  });
type Turning = Awaited<ReturnType<typeof start>>;
const text = (world: Turning) =>
  Object.fromEntries(
    Object.entries(world.client.stored(secrets)[0]?.data ?? {}).map(([name, value]) => [
      name,
      Buffer.from(value, 'base64').toString(),
    ]),
  );

describe('every namespace', () => {
  it('5.14.1 has a ServiceAccount and the CA, and gets them again', async () => {
    await using world = await start(namespace('team'));
    const present = () =>
      [world.client.stored(serviceAccounts), world.client.stored(configMaps)].map((all) => all.length);
    expect(present()).toEqual([1, 1]);
    expect(world.client.stored(configMaps)[0]?.data).toEqual({ 'ca.crt': 'PEM' });
    await world.client.delete(serviceAccounts, { namespace: 'team', name: 'default' }, { signal });
    await world.client.delete(configMaps, { namespace: 'team', name: 'kube-root-ca.crt' }, { signal });
    await world.settle();
    expect(present()).toEqual([1, 1]);
    const body = { data: { 'ca.crt': 'forged', other: 'x' } };
    await world.client.patch(
      configMaps,
      { namespace: 'team', name: 'kube-root-ca.crt' },
      { type: 'merge', body },
      { signal },
    );
    await world.settle();
    expect(world.client.stored(configMaps)[0]?.data).toEqual({ 'ca.crt': 'PEM' });
  });

  it('5.14.1 gets nothing new while it ends', async () => {
    const leaving = namespace('team');
    const metadata = { ...leaving.metadata, deletionTimestamp: '2030-01-01T00:00:00Z', finalizers: ['x/y'] };
    await using world = await start({ ...leaving, metadata });
    expect(world.client.stored(namespaces)).toHaveLength(1);
    expect(world.client.stored(serviceAccounts)).toEqual([]);
  });
});

describe('a Secret for a token', () => {
  it('5.14.2 is filled', async () => {
    await using world = await start(account, tokenSecret(named));
    expect(text(world)).toEqual({ token: 'token for robot in robot-token', 'ca.crt': 'PEM', namespace: 'team' });
    expect(world.client.stored(secrets)[0]?.metadata.annotations).toMatchObject({
      'kubernetes.io/service-account.uid': 'uid-robot',
    });
  });

  it('5.14.2 keeps its token when only the CA is missing', async () => {
    const whole = { ...tokenSecret(named), data: { token: Buffer.from('old').toString('base64') } };
    await using world = await start(account, whole);
    expect(text(world)).toMatchObject({ token: 'old', 'ca.crt': 'PEM' });
  });

  it('5.14.2 goes with its ServiceAccount, and when that is another one now', async () => {
    await using world = await start(account, tokenSecret(named));
    await world.client.delete(serviceAccounts, { namespace: 'team', name: 'robot' }, { signal });
    await world.settle();
    expect(world.client.stored(secrets)).toEqual([]);
    world.client.seed(account);
    world.client.seed(tokenSecret({ ...named, 'kubernetes.io/service-account.uid': 'uid-of-a-former-robot' }));
    await world.settle();
    expect(world.client.stored(secrets)).toEqual([]);
  });
});
