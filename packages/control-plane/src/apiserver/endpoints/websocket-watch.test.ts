import { once } from 'node:events';
import { decodeProtobuf, protobufMediaType } from '@geobuk/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

const configMaps = '/api/v1/namespaces/default/configmaps';

interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

describe('watches over websockets', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const connect = (path: string, protocols: string[] = [], headers: Record<string, string> = {}) =>
    new WebSocket(`${server.url.replace('https', 'wss')}${path}`, protocols, {
      ca: server.pki.ca.certPem,
      cert: server.pki.admin.certPem,
      key: server.pki.admin.keyPem,
      headers,
    });
  const write = (name: string, method = 'POST') =>
    server.call(method === 'POST' ? configMaps : `${configMaps}/${name}`, {
      method,
      ...(method === 'POST' ? { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } } } : {}),
    });

  /** What comes until there are `count` messages. */
  async function messages(websocket: WebSocket, count: number, meanwhile: () => Promise<unknown>): Promise<Message[]> {
    const found: Message[] = [];
    const enough = new Promise<void>((resolve) => {
      websocket.on('message', (data: Buffer, isBinary: boolean) => {
        found.push({ data, isBinary });
        if (found.length === count) resolve();
      });
    });
    await once(websocket, 'open');
    await meanwhile();
    await enough;
    websocket.close();
    await once(websocket, 'close');
    return found;
  }
  const events = (found: readonly Message[]) =>
    found.map(
      ({ data }) => JSON.parse(data.toString()) as { readonly type: string; readonly object: { kind: string } },
    );

  it('1.9.14 sends each event as one text message', async () => {
    const path = `${configMaps}?watch=true&fieldSelector=metadata.name%3Dtext`;
    const found = await messages(connect(path), 2, async () => {
      await write('text');
      await write('text', 'DELETE');
    });
    expect(found.map(({ isBinary }) => isBinary)).toEqual([false, false]);
    expect(events(found).map(({ type, object }) => [type, object.kind])).toEqual([
      ['ADDED', 'ConfigMap'],
      ['DELETED', 'ConfigMap'],
    ]);
  });

  it('1.9.14 sends protobuf as binary messages without a length before them', async () => {
    const path = `${configMaps}?watch=true&fieldSelector=metadata.name%3Dproto`;
    const websocket = connect(path, [], { accept: `${protobufMediaType};stream=watch,application/json` });
    const [message] = await messages(websocket, 1, () => write('proto'));
    expect(message!.isBinary).toBe(true);
    const inner = message!.data.indexOf(Buffer.from([0x6b, 0x38, 0x73, 0x00]));
    expect(message!.data.subarray(0, inner).toString()).toContain('ADDED');
    expect(decodeProtobuf(message!.data.subarray(inner))).toMatchObject({
      kind: 'ConfigMap',
      metadata: { name: 'proto' },
    });
  });

  it.each([
    ['base64.binary.k8s.io', false, (data: Buffer) => Buffer.from(data.toString(), 'base64')],
    ['binary.k8s.io', true, (data: Buffer) => data],
  ])('1.9.14 speaks the subprotocol %s', async (protocol, isBinary, decode) => {
    const name = protocol.replaceAll('.', '-');
    const websocket = connect(`${configMaps}?watch=1&fieldSelector=metadata.name%3D${name}`, [protocol]);
    const [message] = await messages(websocket, 1, () => write(name));
    expect(websocket.protocol).toBe(protocol);
    expect(message!.isBinary).toBe(isBinary);
    expect(JSON.parse(decode(message!.data).toString())).toMatchObject({
      type: 'ADDED',
      object: { metadata: { name } },
    });
  });

  it('1.9.14 ends when its time is over', async () => {
    const websocket = connect(`${configMaps}?watch=true&timeoutSeconds=1`);
    await once(websocket, 'open');
    const [code] = (await once(websocket, 'close')) as [number];
    expect(code).toBe(1005);
  });

  it.each([
    [404, '/api/v1/namespaces/default/ships?watch=true'],
    [400, `${configMaps}?watch=true&labelSelector=%3D%3D`],
    [400, `${configMaps}/one/two?watch=true`],
  ])('1.9.14 answers %i before the protocol changes where a watch is refused: %s', async (status, path) => {
    const websocket = connect(path);
    const [, response] = (await once(websocket, 'unexpected-response')) as [unknown, { readonly statusCode: number }];
    expect(response.statusCode).toBe(status);
  });
});
