import { configMaps } from '@geobuk/api';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { followTrustAnchors } from './follow-trust-anchors.js';
import { nobodyTrusted, trustAnchorsKey } from './trust-anchors.js';
import type { TrustAnchors } from './trust-anchors.js';

const log = pino({ level: 'silent' });
const anchorsMap = (names: readonly string[]) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: trustAnchorsKey,
  data: { 'requestheader-allowed-names': JSON.stringify(names) },
});

describe('followTrustAnchors', () => {
  it('asks again until the API answers, keeps the last answer while it does not, and looks again later', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const { signal } = stop;
    const client = new FakeClient();
    let away = true;
    const reads: FakeClient['read'] = (type, key, options) =>
      away ? Promise.reject(new Error('connection refused')) : client.read(type, key, options);
    const told: TrustAnchors[] = [];
    const running = followTrustAnchors({ client: { read: reads }, clock, log }, (read) => told.push(read), signal);
    await clock.advance(60_000);
    expect(told).toEqual([]);

    away = false;
    await clock.advance(40_000); // the API answers, but has not published the ConfigMap yet
    expect(told).toEqual([]);
    await client.create(configMaps, anchorsMap(['front-proxy']), { signal });
    await clock.advance(40_000);
    expect(told).toMatchObject([{ frontProxyNames: ['front-proxy'] }]);

    away = true;
    await clock.advance(310_000);
    away = false;
    await clock.advance(40_000);
    expect(told).toHaveLength(2);
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  it('before anything was read no authority counts', () => {
    expect(nobodyTrusted).toMatchObject({ clientCas: [], frontProxyCas: [], pem: '' });
  });
});
