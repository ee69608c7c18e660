import { createServer } from 'node:https';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@geobuk/client';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { signal } from '../testing/agent-under-test.js';
import { makeSelfSigned } from './certificate-request.js';
import { joinCluster } from './join.js';
import type { JoinConfig } from './join.js';

/** A server that knows nobody. */
async function refusingServer() {
  const directory = await mkdtemp(join(tmpdir(), 'join-'));
  const subject = { commonName: 'api', organization: 'cluster', ipAddresses: ['127.0.0.1'] };
  const { cert, key } = await makeSelfSigned(subject, 1);
  const asked: string[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Unauthorized' };
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...status, reason: 'Unauthorized', code: 401 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const config: JoinConfig = {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    nodeName: 'n1',
    bootstrapToken: 'abcdef.0123456789abcdef',
    caHash: undefined,
    ca: cert,
    pkiDir: join(directory, 'pki'),
    clock: systemClock,
    log: pino({ level: 'silent' }),
  };
  return {
    config,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

describe('7.1.5 a machine that joins', () => {
  it('with a token that has expired says so in one line, and what to do', async () => {
    await using it = await refusingServer();
    await expect(joinCluster(it.config, signal)).rejects.toThrow(
      `${it.config.server} refuses the token: it has expired or was deleted: make another with geobuk token create`,
    );
    expect(it.asked[0]).toContain('POST /apis/certificates.k8s.io/v1/certificatesigningrequests');
  });

  it('without a token says what it needs', async () => {
    await using it = await refusingServer();
    await expect(joinCluster({ ...it.config, bootstrapToken: undefined }, signal)).rejects.toThrow(
      'give the token that geobuk token create prints',
    );
  });

  it('without knowing the CA says what it needs', async () => {
    await using it = await refusingServer();
    await expect(joinCluster({ ...it.config, ca: undefined }, signal)).rejects.toThrow('give --ca-hash');
  });
});
