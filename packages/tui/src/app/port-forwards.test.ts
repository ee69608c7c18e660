import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { pods } from '@geobuk/api';
import type { Channels } from '@geobuk/client';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../cluster/connection.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { podObject } from '../testing/recorded-fleet.js';
import { PortForwards } from './port-forwards.js';

/** A pod that answers every line with its own name. */
function echoing(pod: string): Channels {
  const data = new PassThrough();
  const errors = new PassThrough();
  data.write(Buffer.from([0x90, 0x1f]));
  errors.write(Buffer.from([0x90, 0x1f]));
  return {
    protocol: 'v4.channel.k8s.io',
    incoming: (channel) => (channel === 0 ? data : errors),
    send: (_, bytes) => {
      data.write(`${pod} heard ${Buffer.from(bytes).toString('utf8')}`);
      return Promise.resolve();
    },
    end: () => Promise.resolve(),
    closed: new Promise(() => undefined),
    [Symbol.dispose]: () => data.end(),
  };
}

class EchoingCluster extends FakeConnection {
  override openChannels(path: string): ReturnType<Connection['openChannels']> {
    return Promise.resolve(echoing(/pods\/([^/]+)\/portforward/.exec(path)?.[1] ?? ''));
  }
}

const ask = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('hello'));
    socket.once('error', reject);
    socket.once('close', () => resolve('closed'));
    socket.once('data', (data) => {
      resolve(data.toString('utf8'));
      socket.destroy();
    });
  });

const signal = new AbortController().signal;

describe('port-forwards', () => {
  it('G26 goes on with another pod of the service when the first is killed', async () => {
    const labels = { app: 'web' };
    const connection = new EchoingCluster({
      objects: [podObject('web-1', { labels }), podObject('web-2', { labels })],
    });
    using forwards = new PortForwards(() => undefined);
    const target = {
      cluster: { connection: () => Promise.resolve(connection) },
      namespace: 'default',
      name: 'service/web',
      labelSelector: 'app=web',
      port: 8080,
    };
    const { localPort } = await forwards.open(target, 0, '127.0.0.1', 0);
    expect(await ask(localPort)).toBe('web-1 heard hello');
    await connection.delete(pods, { namespace: 'default', name: 'web-1' }, { signal, gracePeriodSeconds: 0 });
    expect(await ask(localPort)).toBe('web-2 heard hello');
    expect(forwards.all[0]?.pod).toBe('web-2');
  });

  it('says so when no pod is ready, and works again when one is', async () => {
    const connection = new EchoingCluster();
    using forwards = new PortForwards(() => undefined);
    const target = {
      cluster: { connection: () => Promise.resolve(connection) },
      namespace: 'default',
      name: 'service/web',
      labelSelector: 'app=web',
      port: 8080,
    };
    const { localPort } = await forwards.open(target, 0, '127.0.0.1', 0);
    expect(await ask(localPort)).toBe('closed');
    expect(forwards.all[0]?.problem).toBe('no ready pod behind service/web');
    connection.seed(podObject('web-3', { labels: { app: 'web' } }));
    expect(await ask(localPort)).toBe('web-3 heard hello');
  });

  it('says which port is taken', async () => {
    const connection = new EchoingCluster();
    using forwards = new PortForwards(() => undefined);
    const target = {
      cluster: { connection: () => Promise.resolve(connection) },
      namespace: 'default',
      name: 'pod/web-1',
      pod: 'web-1',
      port: 8080,
    };
    const { localPort } = await forwards.open(target, 0, '127.0.0.1', 0);
    await expect(forwards.open(target, localPort, '127.0.0.1', 0)).rejects.toThrow(`local port ${localPort} is taken`);
  });

  it('stops listening when closed', async () => {
    const connection = new EchoingCluster();
    using forwards = new PortForwards(() => undefined);
    const target = {
      cluster: { connection: () => Promise.resolve(connection) },
      namespace: 'default',
      name: 'pod/web-1',
      pod: 'web-1',
      port: 8080,
    };
    const { id, localPort } = await forwards.open(target, 0, '127.0.0.1', 0);
    forwards.close(id);
    await expect(ask(localPort)).rejects.toThrow('ECONNREFUSED');
  });
});
