import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeStore } from '../testing/describe-store.js';
import { openEtcdStore } from './open-etcd-store.js';

const calm = { signal: new AbortController().signal };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface RunningEtcd extends AsyncDisposable {
  readonly endpoint: string;
  restart(): Promise<void>;
}

/** Debian's etcd on ports and a directory of its own. */
async function startEtcd(): Promise<RunningEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'etcd-store-'));
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const args = ['--data-dir', directory, '--listen-client-urls', endpoint, '--advertise-client-urls', endpoint];
  const peerArgs = [
    '--listen-peer-urls',
    peer,
    '--initial-advertise-peer-urls',
    peer,
    '--initial-cluster',
    `default=${peer}`,
  ];
  const start = () => spawn('etcd', [...args, ...peerArgs, '--log-level', 'error'], { stdio: 'ignore' });
  let etcd = start();
  const stop = async (): Promise<void> => {
    const exited = once(etcd, 'exit');
    etcd.kill('SIGKILL');
    await exited;
  };
  return {
    endpoint,
    restart: async () => {
      await stop();
      etcd = start();
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Tries until etcd, which gives no sign when it listens, answers. */
async function connect(endpoint: string): Promise<Awaited<ReturnType<typeof openEtcdStore>>> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await openEtcdStore({ endpoints: [endpoint], ...calm });
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describeStore('etcd', async () => {
  const etcd = await startEtcd();
  let store = await connect(etcd.endpoint);
  return {
    store,
    reopen: async () => {
      await store[Symbol.asyncDispose]();
      await etcd.restart();
      return (store = await connect(etcd.endpoint));
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await etcd[Symbol.asyncDispose]();
    },
  };
});

describe('the etcd store', () => {
  it('says that etcd does not answer', async () => {
    const endpoints = [`http://127.0.0.1:${await freePort()}`];
    await expect(openEtcdStore({ endpoints, ...calm })).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('goes on watching without a gap after etcd was restarted', async () => {
    await using etcd = await startEtcd();
    await using store = await connect(etcd.endpoint);
    const start = await store.create('/r/a', Buffer.from('1'), calm);
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { events } of store.watch('/r/', { ...calm, after: start })) {
        seen.push(...events.map((event) => event.key));
        if (seen.includes('/r/last')) return;
      }
    })();
    await store.create('/r/b', Buffer.from('1'), calm);
    await etcd.restart();
    await using again = await connect(etcd.endpoint);
    await again.create('/r/last', Buffer.from('1'), calm);
    await watching;
    expect(seen).toEqual(['/r/b', '/r/last']);
  });
});
