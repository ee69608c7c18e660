import type { KubernetesObject, ResourceType, SubjectAccessReview, TokenReview } from '@geobuk/api';
import { FakeClock } from '@geobuk/client/testing';
import { describe, expect, it } from 'vitest';
import { ClusterAccess } from './cluster-access.js';

/** An API that knows one user, who may push below `team/`. */
function accessWith(anonymousPull: boolean) {
  const asked: string[] = [];
  const create = <T extends KubernetesObject>(type: ResourceType<T>, object: T): Promise<T> => {
    if (type.kind === 'TokenReview') {
      const { token = '' } = (object as unknown as TokenReview).spec;
      asked.push(`who is ${token}`);
      const status = token === 'good' ? { authenticated: true, user: { username: 'ann', groups: ['g'] } } : {};
      return Promise.resolve({ ...object, status });
    }
    const { user, resourceAttributes } = (object as unknown as SubjectAccessReview).spec;
    const { verb, name = '', group, resource } = resourceAttributes ?? {};
    asked.push(`${user} ${verb} ${group}/${resource} ${name}`);
    return Promise.resolve({ ...object, status: { allowed: verb === 'update' && name.startsWith('team/') } });
  };
  const clock = new FakeClock();
  return { access: new ClusterAccess({ client: { create }, clock, anonymousPull }), asked, clock };
}
const basic = (password: string): string => `Basic ${Buffer.from(`any:${password}`).toString('base64')}`;
const UNAUTHORIZED = { code: 'UNAUTHORIZED' };

describe('who may what in the registry', () => {
  it('is decided by RBAC for a token, as bearer or as password', async () => {
    const { access, asked } = accessWith(false);
    await access.check(basic('good'), 'update', 'team/app');
    await access.check('Bearer good', 'update', 'team/app');
    await expect(access.check(basic('good'), 'delete', 'team/app')).rejects.toMatchObject({
      code: 'DENIED',
      message: 'ann may not delete repositories of registry.geobuk.dev "team/app"',
    });
    expect(asked).toEqual([
      'who is good',
      'ann update registry.geobuk.dev/repositories team/app',
      'ann delete registry.geobuk.dev/repositories team/app',
    ]);
  });

  it('asks the cluster again when what it knows is half a minute old', async () => {
    const { access, asked, clock } = accessWith(false);
    await access.check(basic('good'), 'update', 'team/app');
    await clock.advance(31_000);
    await access.check(basic('good'), 'update', 'team/app');
    expect(asked).toHaveLength(4);
  });

  it('lets nobody in without a token of the cluster, but pulls where that is allowed', async () => {
    const closed = accessWith(false).access;
    const open = accessWith(true).access;
    for (const header of [undefined, basic('bad'), basic(''), 'Digest x', 'Basic ?'])
      await expect(closed.check(header, 'get', 'a')).rejects.toMatchObject(UNAUTHORIZED);
    await open.check(undefined, 'get', 'a');
    await open.check('Basic Og==', 'get', 'a');
    await expect(open.check(undefined, 'update', 'a')).rejects.toMatchObject(UNAUTHORIZED);
    await expect(open.check(basic('bad'), 'get', 'a')).rejects.toMatchObject(UNAUTHORIZED);
    // Clients keep their password to themselves where `/v2/` is open.
    await expect(open.check(undefined, 'login', '')).rejects.toMatchObject(UNAUTHORIZED);
    await open.check(basic('good'), 'login', '');
  });
});
