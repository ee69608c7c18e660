import { X509Certificate } from 'node:crypto';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { APIService } from '@geobuk/api';
import { ApiError, apiServices } from '@geobuk/api';
import { createInformers } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { apiServiceName, servingNames } from '../manifests.js';
import { ApiRegistration } from './api-registration.js';
import { newServingCertificate } from './serving-certificate.js';

const log = pino({ level: 'silent' });
const apiService = (caBundle?: string): APIService => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: apiServiceName },
  spec: { group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, caBundle },
});

async function withRegistration(
  objects: readonly APIService[],
  run: (world: {
    readonly client: FakeClient;
    readonly registration: ApiRegistration;
    readonly clock: FakeClock;
    trusted(): string | undefined;
  }) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const client = new FakeClient({ clock, objects });
  const informers = createInformers({ client, log, clock });
  const registration = new ApiRegistration({ client, apiServices: informers.of(apiServices), clock, log });
  const stop = new AbortController();
  const running = Promise.allSettled([informers.run(stop.signal), registration.run(stop.signal)]);
  const trusted = (): string | undefined => {
    const { caBundle } = client.stored(apiServices)[0]?.spec ?? {};
    return caBundle === undefined ? undefined : Buffer.from(caBundle, 'base64').toString();
  };
  try {
    await run({ client, registration, clock, trusted });
  } finally {
    stop.abort();
    await running;
  }
}

describe('the registration', () => {
  it('makes the API trust the certificate that is served, and the next one', async () => {
    await withRegistration([apiService('b2xk')], async ({ registration, clock, trusted }) => {
      await clock.advance(10);
      expect(trusted()).toBe('old');
      registration.trust('first');
      await clock.advance(10);
      expect([trusted(), registration.done]).toEqual(['first', true]);
      registration.trust('second');
      await clock.advance(10);
      expect(trusted()).toBe('second');
    });
  });

  it('waits for an APIService that comes later, and mends one that somebody changed', async () => {
    await withRegistration([], async ({ client, registration, clock, trusted }) => {
      registration.trust('mine');
      await clock.advance(10);
      expect(registration.done).toBe(false);
      await client.create(apiServices, apiService(), { signal: new AbortController().signal });
      await clock.advance(10);
      expect(trusted()).toBe('mine');
      const patch = { type: 'merge', body: { spec: { caBundle: 'b3RoZXI=' } } } as const;
      await client.patch(apiServices, { name: apiServiceName }, patch, { signal: new AbortController().signal });
      await clock.advance(10);
      expect(trusted()).toBe('mine');
    });
  });

  it('tries again when it is refused', async () => {
    await withRegistration([apiService()], async ({ client, registration, clock, trusted }) => {
      client.intercept = ({ verb }) => {
        if (verb === 'patch') throw ApiError.unavailable('later');
      };
      registration.trust('mine');
      await clock.advance(1_000);
      expect(trusted()).toBeUndefined();
      client.intercept = undefined;
      await clock.advance(2_000);
      expect(trusted()).toBe('mine');
    });
  });
});

describe('the serving certificate', () => {
  it('is for the names that API servers expect, and its authority signed nothing else', async () => {
    const now = Date.now();
    const [one, two] = [await newServingCertificate(servingNames, now), await newServingCertificate(servingNames, now)];
    const certificate = new X509Certificate(one.cert);
    expect(certificate.checkHost('metrics.kube-system.svc')).toBe('metrics.kube-system.svc');
    expect(certificate.checkHost('metrics.default.svc')).toBeUndefined();
    expect(certificate.verify(new X509Certificate(one.ca).publicKey)).toBe(true);
    expect(certificate.verify(new X509Certificate(two.ca).publicKey)).toBe(false);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(now);
    expect(one.notAfterMs - now).toBe(365 * 86_400_000);
  });
});
