import type { CertificateSigningRequest } from '@geobuk/api';
import { certificateSigningRequests } from '@geobuk/api';
import { createInformers, createRunner } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { CsrSigningController } from './csr-signing-controller.js';

const log = pino({ level: 'silent' });
/** A request for CN=x, made once; its content is the signer's business. */
const pem = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHFMG4CAQAwDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA',
  'BM39cg2Juus+bkKhGS0l42A81u1tB3unRE1ilh94ZqGMC4J13i1U7v7EOB47RHPa',
  'VF/E12ORu0s+lgz42C56+YagADAKBggqhkjOPQQDAgNHADBEAiBsaaqwq9MxfQXz',
  'h7ZZhoxItatw+qImM+GBSrz9KkYwVgIgXYFOPGEYaKq20gt8FrY1yPsvlcgd0FQK',
  'YS9cO400QMA=',
  '-----END CERTIFICATE REQUEST-----',
  '',
].join('\n');

const request = (name: string, signerName: string, approved: boolean): CertificateSigningRequest => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: { signerName, request: Buffer.from(pem).toString('base64'), usages: ['server auth'] },
  status: approved ? { conditions: [{ type: 'Approved', status: 'True' }] } : {},
});

describe('approved certificate requests', () => {
  it('are signed for the signers of the cluster, and left alone for others and without approval', async () => {
    const objects = [
      request('any-name', 'kubernetes.io/legacy-unknown', true),
      request('not-approved', 'kubernetes.io/legacy-unknown', false),
      request('foreign', 'example.com/signer', true),
    ];
    const clock = new FakeClock();
    const client = new FakeClient({ clock, objects });
    const informers = createInformers({ client, log, clock });
    const signer = { sign: () => Promise.resolve('CERT') };
    const controllers = [new CsrSigningController({ client, informers, clock, signer })];
    const stop = new AbortController();
    const runner = createRunner({ controllers, informers, log, clock });
    const running = Promise.allSettled([informers.run(stop.signal), runner.run(stop.signal)]);
    const settledNames = () =>
      client
        .stored(certificateSigningRequests)
        .filter(({ status }) => status?.certificate !== undefined)
        .map(({ metadata }) => metadata.name);
    await expect.poll(() => clock.advance(10).then(settledNames)).toEqual(['any-name']);
    stop.abort();
    await running;
  });
});
