import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { makeSelfSigned } from '@geobuk/addon-sdk/certificates';
import type { IngressSpec, Secret } from '@geobuk/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ingress, secretOf, service, slice, viewOf } from '../testing/fixtures.js';
import { ProxyUnderTest, echoBackend, get } from '../testing/proxy-under-test.js';
import type { Backend } from '../testing/proxy-under-test.js';

let proxy: ProxyUnderTest;
let backend: Backend;

beforeEach(async () => {
  proxy = await ProxyUnderTest.open();
  backend = await echoBackend('a');
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

const specFor = (host: string, rest: Partial<IngressSpec> = {}): IngressSpec => ({
  rules: [
    {
      host,
      http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] },
    },
  ],
  ...rest,
});
const view = (port: number, ips: readonly string[] = ['127.0.0.1'], secrets: readonly Secret[] = []) =>
  viewOf({ services: [service('web')], slices: [slice('web', port, ips)], secrets });

/** The common name that is shown to who asks for a host; undefined where no TLS comes about. */
function shownTo(servername: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port: proxy.httpsPort, servername, rejectUnauthorized: false });
    socket.once('secureConnect', () => {
      const name = socket.getPeerCertificate().subject.CN;
      resolve(Array.isArray(name) ? name[0] : name);
      socket.destroy();
    });
    socket.once('error', () => resolve(undefined));
  });
}

async function certificateFor(name: string, hosts: readonly string[], secret = name): Promise<Secret> {
  const { certificate, key } = await makeSelfSigned({ commonName: name, hosts }, 1);
  return secretOf(secret, certificate, key);
}

describe('TLS', () => {
  it('shows to each host the certificate of its Secret, and the default one to others', async () => {
    const secrets = [await certificateFor('one', ['one.test']), await certificateFor('wild', ['*.wild.test'])];
    const tls = [
      { hosts: ['one.test'], secretName: 'one' },
      { hosts: ['*.wild.test'], secretName: 'wild' },
    ];
    await proxy.apply({
      ingresses: [ingress('i', specFor('one.test', { tls }))],
      view: view(backend.port, ['127.0.0.1'], secrets),
    });
    expect(await shownTo('one.test')).toBe('one');
    expect(await shownTo('x.wild.test')).toBe('wild');
    expect(await shownTo('other.test')).toBe('geobuk-ingress');
  });

  it('of a bad Secret is told with the reason, and harms nobody else', async () => {
    const good = await certificateFor('good', ['good.test']);
    const other = await certificateFor('other', ['bad.test']);
    const bad: Secret = {
      ...good,
      metadata: { namespace: 'default', name: 'bad' },
      data: { ...good.data, 'tls.key': other.data?.['tls.key'] ?? '' },
    };
    const noise = secretOf('noise', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----');
    const tls = ['good', 'bad', 'noise', 'gone'].map((secretName) => ({ hosts: [`${secretName}.test`], secretName }));
    const { problems } = await proxy.apply({
      ingresses: [ingress('i', specFor('good.test', { tls }))],
      view: view(backend.port, ['127.0.0.1'], [good, bad, noise]),
    });
    const message = problems[0]?.message ?? '';
    expect(message).toContain('Secret default/bad: tls.key does not belong to tls.crt');
    expect(message).toContain('Secret default/noise: tls.crt holds no PEM certificate');
    expect(message).toContain('Secret default/gone: not found, or not of type kubernetes.io/tls');
    expect(await shownTo('good.test')).toBe('good');
    expect(await shownTo('bad.test')).toBe('geobuk-ingress');
    expect((await proxy.get('good.test', '/')).status).toBe(200);
  });

  it('takes a renewed certificate without a new configuration', async () => {
    const objects = (secret: Secret) => ({
      ingresses: [ingress('i', specFor('one.test', { tls: [{ hosts: ['one.test'], secretName: 'one' }] }))],
      view: view(backend.port, ['127.0.0.1'], [secret]),
    });
    await proxy.apply(objects(await certificateFor('before', ['one.test'], 'one')));
    expect(await shownTo('one.test')).toBe('before');
    const { applied } = await proxy.apply(objects(await certificateFor('after', ['one.test'], 'one')));
    expect(applied).toBe('updated');
    expect(await shownTo('one.test')).toBe('after');
    expect(proxy.engine.counts.reloads).toBe(0);
  });

  it('speaks HTTP/2', async () => {
    await proxy.apply({ ingresses: [ingress('i', specFor('h2.test'))], view: view(backend.port) });
    const session = connectHttp2(`https://127.0.0.1:${proxy.httpsPort}`, {
      rejectUnauthorized: false,
      servername: 'h2.test',
    });
    try {
      const status = await new Promise((resolve, reject) => {
        session.once('error', reject);
        const stream = session.request({ ':path': '/', ':authority': 'h2.test' });
        stream.once('response', (headers) => resolve(headers[':status']));
        stream.once('error', reject);
        stream.resume();
        stream.end();
      });
      expect(status).toBe(200);
    } finally {
      session.destroy();
    }
  });
});

describe('changes under load', () => {
  it('drop no request: neither new routes nor new endpoints', async () => {
    const second = await echoBackend('b', '127.0.0.2', backend.port);
    try {
      const base = ingress('i', specFor('load.test'));
      await proxy.apply({ ingresses: [base], view: view(backend.port) });
      const answers = { good: 0, bad: [] as string[] };
      let on = true;
      const client = async (): Promise<void> => {
        while (on) {
          try {
            const { status } = await get(proxy.httpPort, 'load.test', '/x', {
              method: 'POST',
              body: randomBytes(1_000),
            });
            if (status === 200) answers.good += 1;
            else answers.bad.push(String(status));
          } catch (error) {
            answers.bad.push((error as Error).message);
          }
        }
      };
      const clients = Array.from({ length: 8 }, client);
      for (let round = 0; round < 5; round += 1) {
        const extra = ingress(`extra-${round}`, specFor(`extra-${round}.test`));
        const { applied } = await proxy.apply({ ingresses: [base, extra], view: view(backend.port) });
        expect(applied).toBe('reloaded');
        for (const ips of [['127.0.0.1', '127.0.0.2'], ['127.0.0.2'], ['127.0.0.1']])
          expect(await proxy.moveEndpoints(view(backend.port, ips))).toBe('updated');
      }
      on = false;
      await Promise.all(clients);
      expect(answers.bad).toEqual([]);
      expect(answers.good).toBeGreaterThan(100);
    } finally {
      await second[Symbol.asyncDispose]();
    }
  });

  it('reach the proxy without a new configuration while the endpoints fit, and with one when they do not', async () => {
    const objects = { ingresses: [ingress('i', specFor('ends.test'))], view: view(backend.port) };
    await proxy.apply(objects);
    expect(await proxy.moveEndpoints(view(backend.port, []))).toBe('updated');
    expect((await proxy.get('ends.test', '/')).status).toBe(503);
    expect(await proxy.moveEndpoints(view(backend.port, ['127.0.0.1']))).toBe('updated');
    expect((await proxy.get('ends.test', '/')).status).toBe(200);
    const many = Array.from({ length: 40 }, (_, index) => `127.0.0.${index + 1}`);
    expect(await proxy.moveEndpoints(view(backend.port, many))).toBe('reloaded');
    expect(await proxy.moveEndpoints(view(backend.port, many))).toBe('nothing');
  });

  it('that the engine does not take leave what there was', async () => {
    await proxy.apply({ ingresses: [ingress('i', specFor('good.test'))], view: view(backend.port) });
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '0.0.0.0', resolve));
    const { port } = taken.address() as AddressInfo;
    const empty = { hosts: [], certificates: [], tls: false };
    const routing = { binds: [{ port, ...empty }], defaultCertificate: '' };
    await expect(proxy.engine.apply(routing)).rejects.toThrow();
    expect((await proxy.get('good.test', '/')).status).toBe(200);
    await new Promise((resolve) => taken.close(resolve));
  });
});

describe('what passes', () => {
  it('is a body of 64 MB, whole', async () => {
    const body = randomBytes(64 << 20);
    const received = createHash('sha256');
    const server = createServer((asked, response) => {
      asked.on('data', (chunk: Buffer) => received.update(chunk));
      asked.once('end', () => response.end('ok'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await proxy.apply({ ingresses: [ingress('i', specFor('big.test'))], view: view(port) });
    expect((await proxy.get('big.test', '/', { method: 'PUT', body })).status).toBe(200);
    expect(received.digest('hex')).toBe(createHash('sha256').update(body).digest('hex'));
    await new Promise((resolve) => server.close(resolve));
  });

  it('is an upgrade to a websocket, both ways', async () => {
    const agreed = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
    backend.server.on('upgrade', ({ headers }, socket) => {
      const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${agreed}`).digest('base64');
      const answer = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'];
      socket.write([...answer, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
      socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
      socket.on('end', () => socket.end());
      socket.on('error', () => undefined);
    });
    await proxy.apply({ ingresses: [ingress('i', specFor('ws.test'))], view: view(backend.port) });
    const socket = connect(proxy.httpPort, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString()));
    const asked = ['GET /ws HTTP/1.1', 'Host: ws.test', 'Connection: Upgrade', 'Upgrade: websocket'];
    const key = ['Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, '', ''];
    socket.write([...asked, ...key].join('\r\n'));
    await expect.poll(() => heard).toContain('101');
    socket.write('ahoy');
    await expect.poll(() => heard).toContain('AHOY');
    // It goes on through a new configuration.
    await proxy.apply({ ingresses: [ingress('j', specFor('other.test'))], view: view(backend.port) });
    socket.write('still there');
    await expect.poll(() => heard).toContain('STILL THERE');
    socket.destroy();
  });
});
