import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Pod } from '@geobuk/api';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { PodRuntimes } from '../pods/pod-runtimes.js';
import type { PodSource } from '../pods/pod-source.js';
import { connectSpdy } from '../runtime/cri/spdy-session.js';
import { execOverSpdy } from '../runtime/cri/streaming.js';
import { FakeRuntime } from '../runtime/testing/fake-runtime.js';
import { containerSpec, sandboxSpec } from '../runtime/testing/specs.js';
import { StreamingRoutes } from './streaming-routes.js';

const { signal } = new AbortController();

const pod: Pod = {
  metadata: { name: 'web', namespace: 'default', uid: 'u1' },
  spec: { containers: [{ name: 'main', image: 'web:1' }] },
};

/** The routes on a server without TLS, so that the client that talks to engines can talk to us. */
async function routes(): Promise<AsyncDisposable & { readonly port: number }> {
  const runtime = new FakeRuntime();
  const exec = (command: readonly string[]): { exitCode: number; output: string } => ({
    exitCode: command[0] === 'false' ? 7 : 0,
    output: command[0] === 'big' ? 'x'.repeat(1 << 20) : `ran ${command.join(' ')}`,
  });
  runtime.addImage('web:1', { program: { exec } }, true);
  const sandbox = await runtime.runSandbox(sandboxSpec('u1'), { signal });
  const id = await runtime.createContainer(sandbox, containerSpec('main', 'web:1'), sandboxSpec('u1'), { signal });
  await runtime.startContainer(id, { signal });
  const source = {
    byName: (namespace: string, name: string) => (namespace === 'default' && name === 'web' ? pod : undefined),
  };
  const streaming = new StreamingRoutes({
    source: source as unknown as PodSource,
    runtimes: { of: () => runtime } as unknown as PodRuntimes,
    log: pino({ level: 'silent' }),
  });
  const sockets = new Set<Duplex>();
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket);
    streaming.upgrade(request, new URL(request.url ?? '', 'http://x'), socket, head, signal).catch((error: Error) => {
      socket.end(`HTTP/1.1 400 Bad Request\r\ncontent-length: ${error.message.length}\r\n\r\n${error.message}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Everything a websocket says, by channel. */
function channelsOf(socket: WebSocket): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  socket.on('message', (data) => {
    const [channel = 0, ...rest] = data as Buffer;
    found.set(channel, (found.get(channel) ?? '') + Buffer.from(rest).toString());
  });
  return new Promise((resolve, reject) => {
    socket.on('close', () => resolve(found));
    socket.on('error', reject);
  });
}

/** The first so many bytes. The client library tells of a stream's end only when the connection goes too. */
function received(stream: Duplex, bytes: number): Promise<string> {
  return new Promise((resolve) => {
    let all: Buffer = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => {
      all = Buffer.concat([all, chunk]);
      if (all.length >= bytes) resolve(all.toString());
    });
  });
}

describe('exec over SPDY', () => {
  it.each([
    ['echo', 0],
    ['false', 7],
  ])('of %s gives its output and exit code %i', async (command, exitCode) => {
    await using server = await routes();
    const stdout = new PassThrough();
    const output = text(stdout);
    const url = `http://127.0.0.1:${server.port}/exec/default/web/main?output=1&error=1&command=${command}&command=a%20b`;
    expect(await execOverSpdy(url, { stdout, stderr: new PassThrough(), tty: false }, signal)).toBe(exitCode);
    expect(await output).toBe(`ran ${command} a b`);
  });

  it('carries more than one window of output', async () => {
    await using server = await routes();
    const url = `http://127.0.0.1:${server.port}/exec/default/web/main?output=1&command=big`;
    using session = await connectSpdy(url, 'v4.channel.k8s.io', signal);
    const verdict = received(await session.open({ streamtype: 'error' }), 1);
    const output = received(await session.open({ streamtype: 'stdout' }), 1 << 20);
    expect((await output).length).toBe(1 << 20);
    expect(JSON.parse(await verdict)).toMatchObject({ status: 'Success' });
  });

  it('is refused for a container that the pod does not have', async () => {
    await using server = await routes();
    const url = `http://127.0.0.1:${server.port}/exec/default/web/other?output=1&command=ls`;
    await expect(execOverSpdy(url, { stdout: new PassThrough(), tty: false }, signal)).rejects.toThrow(
      'container not found ("other")',
    );
  });
});

describe('exec over a websocket', () => {
  it.each(['v5.channel.k8s.io', 'v4.channel.k8s.io'])('%s gives output and a Status', async (protocol) => {
    await using server = await routes();
    const url = `ws://127.0.0.1:${server.port}/exec/default/web/main?stdout=true&stderr=true&command=false`;
    const socket = new WebSocket(url, [protocol]);
    const channels = await channelsOf(socket);
    expect(socket.protocol).toBe(protocol);
    expect(channels.get(1)).toBe('ran false');
    expect(JSON.parse(channels.get(3) ?? '')).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
  });

  it('v5 ends what is typed when the client closes it', async () => {
    await using server = await routes();
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/attach/default/web/main?stdin=true&stdout=true`, [
      'v5.channel.k8s.io',
    ]);
    const channels = channelsOf(socket);
    socket.on('open', () => {
      socket.send(Buffer.from('\0hello'));
      socket.send(Buffer.from([255, 0]));
    });
    expect((await channels).get(1)).toBe('hello');
    expect(JSON.parse((await channels).get(3) ?? '')).toMatchObject({ status: 'Success' });
  });
});

describe('port-forward', () => {
  it('over SPDY carries bytes both ways', async () => {
    await using server = await routes();
    const url = `http://127.0.0.1:${server.port}/portForward/default/web`;
    using session = await connectSpdy(url, 'portforward.k8s.io', signal);
    await session.open({ streamtype: 'error', port: '80', requestid: '0' });
    const data = await session.open({ streamtype: 'data', port: '80', requestid: '0' });
    const back = received(data, 14);
    data.end('there and back');
    expect(await back).toBe('there and back');
  });

  it('over a websocket of channels starts each with its port', async () => {
    await using server = await routes();
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/portForward/default/web?ports=8080`, [
      'v4.channel.k8s.io',
    ]);
    const messages: Buffer[] = [];
    socket.on('message', (data) => {
      messages.push(data as Buffer);
      if (messages.length === 2) socket.send(Buffer.from('\0echo'));
      if (messages.length === 3) socket.close();
    });
    await new Promise((resolve) => socket.on('close', resolve));
    expect(messages).toEqual([Buffer.from([0, 0x90, 0x1f]), Buffer.from([1, 0x90, 0x1f]), Buffer.from('\0echo')]);
  });

  it('takes SPDY inside of a websocket', async () => {
    await using server = await routes();
    // By hand: the protocol has a name that no library accepts.
    const socket = connect(server.port, '127.0.0.1');
    const head = [
      'GET /portForward/default/web HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io',
    ];
    // A ping of SPDY comes back as it was sent. The mask of zeros leaves the bytes as they are.
    const ping = Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]);
    const message = Buffer.concat([Buffer.from([0x82, 0x80 | ping.length, 0, 0, 0, 0]), ping]);
    const answer = new Promise<Buffer>((resolve) => {
      let all: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        all = Buffer.concat([all, chunk]);
        if (all.includes(ping)) resolve(all);
      });
    });
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    socket.write(message);
    expect((await answer).toString('latin1')).toMatch(
      /^HTTP\/1\.1 101 [^]*Sec-WebSocket-Protocol: SPDY\/3\.1\+portforward\.k8s\.io\r\n/,
    );
    socket.destroy();
  });
});
