import type { Addon, ResourceType } from '@geobuk/api';
import { addons } from '@geobuk/api';
import { FakeClient } from '@geobuk/client/testing';
import { describe, expect, it } from 'vitest';
import type { AddonWish } from '../cluster-config.js';
import { convergeAddons } from './converge-addons.js';

const { signal } = new AbortController();

function start(...objects: readonly Addon[]) {
  const client = new FakeClient({ objects, types: [addons as ResourceType] });
  const said: string[] = [];
  return {
    client,
    said,
    apply: (...wishes: readonly AddonWish[]) => convergeAddons(client, wishes, (line) => said.push(line), signal),
    spec: (name: string) => client.stored(addons).find(({ metadata }) => metadata.name === name)?.spec,
    patch: (name: string, spec: object) =>
      client.patch(addons, { name }, { type: 'merge', body: { spec } }, { signal }).then(() => undefined),
  };
}

const dns: Addon = {
  apiVersion: 'addons.geobuk.dev/v1alpha1',
  kind: 'Addon',
  metadata: { name: 'dns' },
  spec: { enabled: true },
};

describe('the addons of a configuration file (A10)', () => {
  it('are made as it says, and changed where they are there already', async () => {
    const it = start(dns);
    await it.apply({ name: 'dns', enabled: true, config: { ttlSeconds: 5 } }, { name: 'ingress', enabled: true });
    expect(it.spec('dns')).toEqual({ enabled: true, config: { ttlSeconds: 5 } });
    expect(it.spec('ingress')).toEqual({ enabled: true });
    expect(it.said).toEqual(['addon dns set as the file says', 'addon ingress set as the file says']);
  });

  it('are left alone at the next start when neither side changed', async () => {
    const it = start(dns);
    const wish = { name: 'dns', enabled: false, config: { ttlSeconds: 5 } };
    await it.apply(wish);
    const before = it.client.stored(addons);
    it.said.length = 0;
    await it.apply(wish);
    expect(it.client.stored(addons)).toEqual(before);
    expect(it.said).toEqual([]);
  });

  it('keep what people changed since, where the file says what it said', async () => {
    const it = start(dns);
    await it.apply({ name: 'dns', enabled: true, config: { ttlSeconds: 5, cacheEntries: 10 } });
    await it.patch('dns', { enabled: false, config: { ttlSeconds: 60 } });
    await it.apply({ name: 'dns', enabled: true, config: { ttlSeconds: 5, cacheEntries: 20 } });
    expect(it.spec('dns')).toEqual({ enabled: false, config: { ttlSeconds: 60, cacheEntries: 20 } });
  });

  it('follow what is new in the file, also over what people changed', async () => {
    const it = start(dns);
    await it.apply({ name: 'dns', enabled: true, config: { ttlSeconds: 5 } });
    await it.patch('dns', { enabled: false, config: { ttlSeconds: 60 } });
    await it.apply({ name: 'dns', enabled: true, config: { ttlSeconds: 7 } });
    expect(it.spec('dns')).toEqual({ enabled: false, config: { ttlSeconds: 7 } });
  });

  it('lose what the file no longer says, unless somebody else changed it', async () => {
    const it = start(dns);
    await it.apply({ name: 'dns', enabled: true, config: { ttlSeconds: 5, cacheEntries: 10 } });
    await it.patch('dns', { config: { cacheEntries: 99 } });
    await it.apply({ name: 'dns', enabled: true });
    expect(it.spec('dns')).toEqual({ enabled: true, config: { cacheEntries: 99 } });
  });

  it('come back as the file says when somebody deleted them', async () => {
    const it = start(dns);
    const wish = { name: 'dns', enabled: true, config: { ttlSeconds: 5 } };
    await it.apply(wish);
    await it.client.delete(addons, { name: 'dns' }, { signal });
    await it.apply(wish);
    expect(it.spec('dns')).toEqual({ enabled: true, config: { ttlSeconds: 5 } });
  });

  it('are written again when somebody else was faster', async () => {
    const it = start();
    let raced = false;
    it.client.intercept = ({ verb }) => {
      if (verb !== 'create' || raced) return;
      raced = true;
      it.client.seed(dns);
    };
    await it.apply({ name: 'dns', enabled: false });
    expect(it.spec('dns')).toEqual({ enabled: false });
  });
});
