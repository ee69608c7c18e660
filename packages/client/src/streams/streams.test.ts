import { PassThrough, Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { isForbidden } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../connection-error.js';
import { openTestServer } from '../http/test-server.fixture.js';
import { execInPod } from './exec.js';
import { followLogs } from './logs.js';
import { portForward } from './port-forward.js';

const { signal } = new AbortController();
const key = { namespace: 'd', name: 'web' };

const frame = (channel: number, data: string | Uint8Array = ''): Buffer =>
  Buffer.concat([Buffer.of(channel), Buffer.from(data as string)]);
const success = JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
const exited = (code: number): string =>
  JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });

function collect(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

describe('exec', () => {
  it('takes a result as kubelets write it, without kind and apiVersion', async () => {
    await using server = await openTestServer({
      socket: (socket) => {
        socket.send(frame(3, JSON.stringify({ metadata: {}, status: 'Success' })));
        socket.close(1000);
      },
    });
    expect(await execInPod(server.client, key, { command: ['true'], signal })).toBe(0);
  });

  it('asks for the command and its streams, gives their output and the exit code', async () => {
    let url = '';
    await using server = await openTestServer({
      socket: (socket, request) => {
        url = request.url ?? '';
        for (const channel of [1, 2, 3]) socket.send(frame(channel));
        socket.send(frame(1, 'out'));
        socket.send(frame(2, 'err'));
        socket.send(frame(1, 'put'));
        socket.send(frame(3, exited(7)));
        socket.close(1000);
      },
    });
    const [out, err] = [collect(), collect()];
    const command = ['sh', '-c', 'a b'];
    const code = await execInPod(server.client, key, {
      command,
      container: 'main',
      stdout: out.stream,
      stderr: err.stream,
      signal,
    });
    expect([code, out.text(), err.text()]).toEqual([7, 'output', 'err']);
    expect(url).toBe(
      '/api/v1/namespaces/d/pods/web/exec?command=sh&command=-c&command=a+b&container=main&stdin=false&stdout=true&stderr=true&tty=false',
    );
  });

  it('sends input and its end, and the size of the terminal', async () => {
    const seen: string[] = [];
    const echo = (socket: WebSocket): void => {
      socket.on('message', (data: Buffer) => {
        seen.push(`${data[0]} ${data[0] === 255 ? String(data[1]) : data.subarray(1).toString('utf8')}`);
        if (data[0] === 0) socket.send(frame(1, data.subarray(1)));
        if (seen.length === 3) {
          socket.send(frame(3, success));
          socket.close(1000);
        }
      });
    };
    await using server = await openTestServer({ socket: echo });
    const out = collect();
    async function* sizes(): AsyncGenerator<{ columns: number; rows: number }> {
      yield { columns: 80, rows: 24 };
    }
    const stdin = Readable.from([Buffer.from('hello')]);
    const code = await execInPod(server.client, key, {
      command: ['cat'],
      stdin,
      stdout: out.stream,
      tty: true,
      sizes: sizes(),
      signal,
    });
    expect([code, out.text()]).toEqual([0, 'hello']);
    expect(seen.toSorted()).toEqual(['0 hello', '255 0', '4 {"Width":80,"Height":24}']);
  });

  it('speaks v4 where the server knows no v5', async () => {
    let protocol = '';
    await using server = await openTestServer({
      protocols: ['v4.channel.k8s.io'],
      socket: (socket) => {
        protocol = socket.protocol;
        socket.send(frame(3, success));
        socket.close(1000);
      },
    });
    expect(await execInPod(server.client, key, { command: ['true'], stdout: collect().stream, signal })).toBe(0);
    expect(protocol).toBe('v4.channel.k8s.io');
  });

  it('gives much output to a slow reader whole', async () => {
    const megabyte = Buffer.alloc(1 << 20, 'x');
    await using server = await openTestServer({
      socket: (socket) => {
        for (let count = 0; count < 8; count += 1) socket.send(frame(1, megabyte));
        socket.send(frame(3, success));
        socket.close(1000);
      },
    });
    let bytes = 0;
    const slow = new Writable({
      highWaterMark: 1024,
      write: (chunk: Buffer, _encoding, done) => {
        bytes += chunk.length;
        setImmediate(done);
      },
    });
    expect(await execInPod(server.client, key, { command: ['cat'], stdout: slow, signal })).toBe(0);
    expect(bytes).toBe(8 << 20);
  });

  it('returns though its input never ends', async () => {
    await using server = await openTestServer({
      socket: (socket) => {
        socket.send(frame(3, success));
        socket.close(1000);
      },
    });
    const stdin = new PassThrough();
    expect(await execInPod(server.client, key, { command: ['true'], stdin, stdout: collect().stream, signal })).toBe(0);
    expect(stdin.destroyed).toBe(false);
  });

  it('throws the refusal, the loss of the connection and the reason of an abort', async () => {
    await using refusing = await openTestServer({});
    const run = (client: typeof refusing.client, by = signal) =>
      execInPod(client, key, { command: ['x'], stdout: collect().stream, signal: by });
    await expect(run(refusing.client)).rejects.toSatisfy(isForbidden);
    await using breaking = await openTestServer({ socket: (socket) => socket.terminate() });
    await expect(run(breaking.client)).rejects.toBeInstanceOf(ConnectionError);
    const stop = new AbortController();
    await using silent = await openTestServer({ socket: () => stop.abort(new Error('enough')) });
    await expect(run(silent.client, stop.signal)).rejects.toThrow('enough');
  });
});

describe('port-forward', () => {
  const port = Buffer.of(80, 0);

  it('carries bytes both ways', async () => {
    let url = '';
    await using server = await openTestServer({
      socket: (socket, request) => {
        url = request.url ?? '';
        socket.send(frame(0, port));
        socket.send(frame(1, port));
        socket.on('message', (data: Buffer) => socket.send(frame(0, `echo ${data.subarray(1).toString('utf8')}`)));
      },
    });
    const stream = await portForward(server.client, key, 80, { signal });
    stream.write('hello');
    const [first] = (await new Promise((resolve) => stream.once('data', (chunk) => resolve([chunk])))) as [Buffer];
    expect(first.toString('utf8')).toBe('echo hello');
    expect(url).toBe('/api/v1/namespaces/d/pods/web/portforward?ports=80');
    stream.destroy();
  });

  it('ends when the pod hangs up, and fails with what the error channel says', async () => {
    await using server = await openTestServer({
      socket: (socket, request) => {
        socket.send(frame(0, port));
        socket.send(frame(1, port));
        if (request.url?.endsWith('80') === true) socket.close(1000);
        else socket.send(frame(1, 'connection refused'));
      },
    });
    const ending = await portForward(server.client, key, 80, { signal });
    ending.resume();
    await new Promise((resolve) => ending.once('end', resolve));
    const failing = await portForward(server.client, key, 81, { signal });
    const error = await new Promise((resolve) => failing.once('error', resolve));
    expect((error as Error).message).toBe('port-forward to 81: connection refused');
    ending.destroy();
  });
});

describe('logs', () => {
  it('come as lines, with what was asked for in the query', async () => {
    let url = '';
    await using server = await openTestServer({
      answer: (request, reply) => {
        url = request.url ?? '';
        reply.write('one\ntw');
        reply.end('o\n');
      },
    });
    const lines: string[] = [];
    for await (const line of followLogs(server.client, key, { container: 'main', tailLines: 5, signal }))
      lines.push(line);
    expect(lines).toEqual(['one', 'two']);
    expect(url).toBe('/api/v1/namespaces/d/pods/web/log?follow=true&container=main&tailLines=5');
  });
});
