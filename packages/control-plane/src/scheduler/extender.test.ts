import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../controllers/testing/objects.js';
import type { Feasible } from './decision.js';
import { Extender } from './extender.js';
import { podInfo } from './node-info.js';
import { testCluster } from './testing/decide-with.js';

const { signal } = new AbortController();
const info = podInfo(pod('p', { phase: 'Pending' }));
const { nodes } = testCluster([node('a'), node('b')]);
const found: Feasible = { kind: 'feasible', nodes, evaluated: 2 };

/** An extender that gives these answers by path, and remembers what it was asked. */
async function serve(answers: Readonly<Record<string, unknown>>) {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.end(JSON.stringify(answers[request.url ?? '']));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    urlPrefix: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

describe('Extender', () => {
  it('takes nodes away by name', async () => {
    await using server = await serve({ '/filter': { nodenames: ['b'], failedNodes: { a: 'no' } } });
    const extender = new Extender({ urlPrefix: server.urlPrefix, filterVerb: 'filter', nodeCacheCapable: true });
    const left = await extender.filter(info, found, 2, signal);
    expect(left.kind === 'feasible' && left.nodes.map(({ name }) => name)).toEqual(['b']);
    expect(server.asked).toMatchObject([{ Pod: { metadata: { name: 'p' } }, NodeNames: ['a', 'b'] }]);
  });

  it('understands answers in the spelling of Go programs', async () => {
    await using server = await serve({
      '/filter': { Nodes: null, NodeNames: ['b'], FailedNodes: { a: 'no' }, Error: '' },
      '/prioritize': [{ Host: 'b', Score: 3 }],
    });
    const config = { urlPrefix: server.urlPrefix, filterVerb: 'filter', prioritizeVerb: 'prioritize' };
    const extender = new Extender({ ...config, nodeCacheCapable: true });
    const left = await extender.filter(info, found, 2, signal);
    expect(left.kind === 'feasible' && left.nodes.map(({ name }) => name)).toEqual(['b']);
    expect([...(await extender.prioritize(info, nodes, signal))]).toEqual([['b', 30]]);
  });

  it('binds, or says why it does not', async () => {
    await using server = await serve({ '/bind': {}, '/refuse': { Error: 'the fabric is busy' } });
    const { urlPrefix } = server;
    await new Extender({ urlPrefix, bindVerb: 'bind' }).bind(info.pod, 'a', signal);
    expect(server.asked).toEqual([{ PodName: 'p', PodNamespace: 'default', PodUID: 'uid-p', Node: 'a' }]);
    await expect(new Extender({ urlPrefix, bindVerb: 'refuse' }).bind(info.pod, 'a', signal)).rejects.toThrow(
      'the fabric is busy',
    );
  });

  it('its reasons become the message', async () => {
    await using server = await serve({
      '/filter': { nodes: { items: [] }, failedNodes: { a: 'no disk', b: 'no disk' } },
    });
    const extender = new Extender({ urlPrefix: server.urlPrefix, filterVerb: 'filter' });
    expect(await extender.filter(info, found, 2, signal)).toMatchObject({
      kind: 'unschedulable',
      message: '0/2 nodes are available: 2 no disk.',
    });
  });

  it('its points count ten times its weight', async () => {
    await using server = await serve({ '/prioritize': [{ host: 'b', score: 7 }] });
    const extender = new Extender({ urlPrefix: server.urlPrefix, prioritizeVerb: 'prioritize', weight: 2 });
    expect([...(await extender.prioritize(info, nodes, signal))]).toEqual([['b', 140]]);
  });

  it('is not asked about pods without its resources', () => {
    const extender = new Extender({ urlPrefix: 'http://127.0.0.1:1', managedResources: [{ name: 'example.com/gpu' }] });
    expect(extender.isInterested(info)).toBe(false);
  });

  it('when nobody answers, only an ignorable one is gone without', async () => {
    const config = { urlPrefix: 'http://127.0.0.1:1', filterVerb: 'filter' };
    expect(await new Extender({ ...config, ignorable: true }).filter(info, found, 2, signal)).toBe(found);
    await expect(new Extender(config).filter(info, found, 2, signal)).rejects.toThrow();
  });
});
