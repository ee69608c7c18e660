import { request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemClock } from '@geobuk/client';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { DashboardServer } from './dashboard-server.js';
import { localhostCertificate } from './localhost-certificate.fixture.js';

const page = {
  body: Buffer.from('<html>'),
  gzipped: Buffer.from(''),
  contentType: 'text/html',
  etag: '"1"',
  isImmutable: false,
};
const own = { 'x-geobuk-dashboard': '1' };

/** The dashboard before an API server that knows the token `secret`, and answers all else as told. */
async function open(answer: (request: IncomingMessage, reply: ServerResponse) => void, idleMs = 60_000) {
  const asked: { readonly path: string; readonly authorization: string | undefined }[] = [];
  const api = createServer(localhostCertificate, (incoming, reply) => {
    const { authorization } = incoming.headers;
    asked.push({ path: incoming.url ?? '', authorization });
    if (authorization !== 'Bearer secret') reply.writeHead(401).end();
    else if (incoming.url?.endsWith('/selfsubjectreviews') === true)
      reply.writeHead(201).end(JSON.stringify({ status: { userInfo: { username: 'ann', groups: ['g'] } } }));
    else answer(incoming, reply);
  });
  const upgraded = new Set<Duplex>();
  api.on('upgrade', (incoming, socket: Duplex) => {
    upgraded.add(socket);
    asked.push({ path: incoming.url ?? '', authorization: incoming.headers.authorization });
    socket.on('error', () => socket.destroy());
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-protocol: v5.channel.k8s.io\r\n\r\n',
    );
    socket.on('data', (chunk: Buffer) => socket.write(Buffer.concat([Buffer.from('echo '), chunk])));
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const stop = new AbortController();
  const dashboard = new DashboardServer({
    api: { server: `https://127.0.0.1:${(api.address() as AddressInfo).port}`, ca: localhostCertificate.cert },
    bind: '127.0.0.1',
    port: 0,
    hosts: [],
    session: { idleMs, maxMs: 3_600_000 },
    cluster: { id: '0a1b2c3d', version: 'v1' },
    files: new Map([['/index.html', page]]),
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  let ended: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    ended = dashboard.run(stop.signal, resolve);
    ended.catch(reject);
  });
  const url = dashboard.url ?? '';
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(`${url}${path}`, { method: 'POST', headers: own, body: JSON.stringify(body) });
  return {
    url,
    asked,
    post,
    logIn: async (): Promise<string> =>
      (await post('/session', { token: 'secret' })).headers.get('set-cookie')?.split(';')[0] ?? '',
    [Symbol.asyncDispose]: async (): Promise<void> => {
      stop.abort();
      await ended;
      for (const socket of upgraded) socket.destroy();
      api.closeAllConnections();
      await new Promise((resolve) => api.close(resolve));
    },
  };
}

const echoBody = (incoming: IncomingMessage, reply: ServerResponse): void => void incoming.pipe(reply);

describe('the dashboard server', () => {
  it('gives the page with a policy that lets no inline script run', async () => {
    await using server = await open(echoBody);
    const { status, headers } = await fetch(`${server.url}/`);
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toMatch(/script-src 'self';/);
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect((await fetch(`${server.url}/..%2fpackage.json`)).status).toBe(404);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('lets in who has a token that the API server knows, with a cookie that scripts cannot read', async () => {
    await using server = await open(echoBody);
    expect((await fetch(`${server.url}/session`)).status).toBe(401);
    expect((await server.post('/session', { token: 'wrong' })).status).toBe(401);
    const answer = await server.post('/session', { token: 'secret' });
    expect(await answer.json()).toMatchObject({ user: 'ann', groups: ['g'] });
    expect(answer.headers.get('set-cookie')).toMatch(/^geobuk-dashboard-0a1b2c3d=.*; HttpOnly; SameSite=Strict$/);
    expect(answer.headers.get('set-cookie')).not.toContain('secret');
    expect(await (await server.post('/session', { token: 7 })).json()).toMatchObject({ kind: 'Status', code: 401 });
  });

  it('gives a code for a token, good for one log-in', async () => {
    await using server = await open(echoBody);
    expect((await server.post('/session/codes', { token: 'wrong' })).status).toBe(401);
    const made = await server.post('/session/codes', { token: 'secret' });
    expect(made.status).toBe(201);
    const { code, path } = (await made.json()) as { readonly code: string; readonly path: string };
    expect(path).toBe(`/#code=${code}`);
    expect((await server.post('/session', { code })).status).toBe(200);
    expect((await server.post('/session', { code })).status).toBe(401);
  });

  it('stops listening to somebody who guesses', async () => {
    await using server = await open(echoBody);
    for (let count = 0; count < 10; count += 1) expect((await server.post('/session', { code: 'x' })).status).toBe(401);
    expect((await server.post('/session', { token: 'secret' })).status).toBe(429);
  });

  it('passes requests on as the person, and not at all without a log-in', async () => {
    await using server = await open(echoBody);
    const path = `${server.url}/k8s/api/v1/pods`;
    expect((await fetch(path)).status).toBe(401);
    const cookie = await server.logIn();
    const answer = await fetch(path, {
      method: 'POST',
      headers: { ...own, cookie, 'impersonate-user': 'root' },
      body: '{"a":1}',
    });
    expect(await answer.text()).toBe('{"a":1}');
    expect(server.asked.at(-1)).toEqual({ path: '/api/v1/pods', authorization: 'Bearer secret' });
    const count = server.asked.length;
    expect((await fetch(path, { method: 'POST', headers: { cookie } })).status).toBe(403);
    expect((await fetch(`${server.url}/k8s/api/v1/nodes/n/proxy/`, { headers: { cookie } })).status).toBe(404);
    expect(server.asked.length).toBe(count);
  });

  it('refuses bodies that no object has', async () => {
    await using server = await open(echoBody);
    const headers = { ...own, cookie: await server.logIn() };
    const body = 'x'.repeat(4 << 20);
    expect((await fetch(`${server.url}/k8s/api/v1/pods`, { method: 'POST', headers, body })).status).toBe(413);
  });

  it('passes a watch through event by event, until the log-in ends', async () => {
    await using server = await open((_request, reply) => {
      reply.writeHead(200, { 'content-type': 'application/json' });
      reply.write('{"type":"ADDED"}\n');
    });
    const cookie = await server.logIn();
    const answer = await fetch(`${server.url}/k8s/api/v1/pods?watch=true`, { headers: { cookie } });
    const reader = answer.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('{"type":"ADDED"}\n');
    await fetch(`${server.url}/session`, { method: 'DELETE', headers: { ...own, cookie } });
    await expect(reader?.read()).rejects.toThrow();
  });

  it('joins websockets of its own page, and of nobody else', async () => {
    await using server = await open(echoBody);
    const cookie = await server.logIn();
    const path = '/k8s/api/v1/namespaces/d/pods/p/exec?command=sh';
    const upgrade = (
      headers: Readonly<Record<string, string>>,
    ): Promise<{ readonly code: number; readonly socket?: Duplex }> =>
      new Promise((resolve, reject) => {
        const asked = request(`${server.url}${path}`, {
          headers: {
            connection: 'Upgrade',
            upgrade: 'websocket',
            'sec-websocket-protocol': 'v5.channel.k8s.io',
            ...headers,
          },
        });
        asked.on('response', (response) => (response.resume(), resolve({ code: response.statusCode ?? 0 })));
        asked.on('upgrade', (response, socket) => resolve({ code: response.statusCode ?? 0, socket }));
        asked.on('error', reject).end();
      });
    expect((await upgrade({ cookie })).code).toBe(403);
    expect((await upgrade({ cookie, origin: 'http://evil.example' })).code).toBe(403);
    expect((await upgrade({ origin: server.url })).code).toBe(401);
    const { code, socket } = await upgrade({ cookie, origin: server.url });
    expect(code).toBe(101);
    const said = new Promise<string>((resolve) => socket?.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    socket?.write('ls');
    expect(await said).toBe('echo ls');
    expect(server.asked.at(-1)).toEqual({ path: path.replace('/k8s', ''), authorization: 'Bearer secret' });
    const closed = new Promise<void>((resolve) => socket?.once('close', () => resolve()));
    socket?.on('error', () => socket.destroy());
    await fetch(`${server.url}/session`, { method: 'DELETE', headers: { ...own, cookie } });
    await closed;
  });

  it('ends a log-in that nobody uses', async () => {
    await using server = await open(echoBody, 50);
    const cookie = await server.logIn();
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect((await fetch(`${server.url}/session`, { headers: { cookie } })).status).toBe(401);
  });
});
