import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { HealthCheckPorts } from './health-check-ports.js';

const host = '127.0.0.1';
const service = { namespace: 'default', name: 'web' };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it('8.1.5 answers 200 on the health port while this node has ready endpoints, 503 without, and nothing once it is gone', async () => {
  const ports = new HealthCheckPorts({ host, log: pino({ level: 'silent' }) });
  const port = await freePort();
  const ask = () => fetch(`http://${host}:${port}/`);
  await ports.set([{ ...service, port, localEndpoints: 2 }]);
  const healthy = await ask();
  expect([healthy.status, healthy.headers.get('x-load-balancing-endpoint-weight')]).toEqual([200, '2']);
  expect(await healthy.json()).toEqual({ service, localEndpoints: 2, serviceProxyHealthy: true });
  await ports.set([{ ...service, port, localEndpoints: 0 }]);
  expect((await ask()).status).toBe(503);
  await ports.set([]);
  await expect(ask()).rejects.toThrow();
});

it('takes a port when somebody else lets go of it', async () => {
  const ports = new HealthCheckPorts({ host, log: pino({ level: 'silent' }) });
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, host, resolve));
  const { port } = other.address() as AddressInfo;
  await ports.set([{ ...service, port, localEndpoints: 1 }]);
  await new Promise((resolve) => other.close(resolve));
  await ports.set([{ ...service, port, localEndpoints: 1 }]);
  expect((await fetch(`http://${host}:${port}/`)).status).toBe(200);
  await ports.set([]);
});
