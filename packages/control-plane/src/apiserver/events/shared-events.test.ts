import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

const core = '/api/v1/namespaces/default/events';
const events = '/apis/events.k8s.io/v1/namespaces/default/events';
const time = '2026-11-28T10:00:00.000000Z';

describe('events of both groups', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    const old = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'old' },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'panok' },
      reason: 'Sunk',
      message: 'too many holes',
      source: { component: 'kubelet', host: 'yeosu' },
      firstTimestamp: '2026-11-28T10:00:00Z',
      lastTimestamp: '2026-11-28T10:01:00Z',
      count: 3,
      type: 'Warning',
    };
    const made = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'new' },
      regarding: { kind: 'Node', name: 'yeosu' },
      reason: 'Sailed',
      note: 'with the tide',
      action: 'Sailing',
      eventTime: time,
      series: { count: 2, lastObservedTime: time },
      reportingController: 'navy.test/admiral',
      reportingInstance: 'admiral-1',
      type: 'Normal',
    };
    for (const [path, body] of [
      [core, old],
      [events, made],
    ] as const) {
      const created = await server.call(path, { body });
      expect(created.status, created.text).toBe(201);
      expect(created.json).toMatchObject(body);
    }
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const names = async (path: string, selector: string) => {
    const { json, status, text } = await server.call(`${path}?fieldSelector=${encodeURIComponent(selector)}`);
    expect(status, text).toBe(200);
    return json.items!.map(({ metadata }) => metadata.name);
  };

  it('4.2.16 are the same objects under the names of each', async () => {
    const asNew = (await server.call(`${events}/old`)).json;
    expect(asNew).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: { kind: 'Pod', name: 'panok' },
      note: 'too many holes',
      deprecatedSource: { component: 'kubelet', host: 'yeosu' },
      deprecatedCount: 3,
      deprecatedFirstTimestamp: '2026-11-28T10:00:00Z',
      deprecatedLastTimestamp: '2026-11-28T10:01:00Z',
    });
    const asCore = (await server.call(`${core}/new`)).json;
    expect(asCore).toMatchObject({
      apiVersion: 'v1',
      involvedObject: { kind: 'Node', name: 'yeosu' },
      message: 'with the tide',
      eventTime: time,
      series: { count: 2, lastObservedTime: time },
      reportingComponent: 'navy.test/admiral',
      reportingInstance: 'admiral-1',
      action: 'Sailing',
    });
    expect(asCore.metadata).toEqual((await server.call(`${events}/new`)).json.metadata);
    for (const path of [core, events]) {
      const { items } = (await server.call(path)).json;
      expect(items!.map(({ metadata }) => metadata.name)).toEqual(['new', 'old']);
      expect(new Set(items!.map(({ apiVersion }) => apiVersion)).size).toBe(1);
    }
  });

  it('4.2.16 are selected by the fields of each', async () => {
    expect(await names(core, 'involvedObject.kind=Node')).toEqual(['new']);
    expect(await names(events, 'regarding.kind=Pod,regarding.name=panok')).toEqual(['old']);
    expect(await names(core, 'reportingComponent=navy.test/admiral')).toEqual(['new']);
    expect(await names(events, 'reportingController=navy.test/admiral,type=Normal')).toEqual(['new']);
    for (const [path, field] of [
      [core, 'regarding.kind'],
      [events, 'involvedObject.kind'],
    ] as const) {
      const refused = await server.call(`${path}?fieldSelector=${field}%3DPod`);
      expect([refused.status, refused.json.message]).toEqual([400, `field label not supported: ${field}`]);
    }
  });

  it('4.2.16 are changed, watched and deleted from either side', async () => {
    const watch = await server.open(`${core}?watch=true&fieldSelector=metadata.name%3Dnew&timeoutSeconds=20`);
    const patched = await server.call(`${events}/new`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { series: { count: 9, lastObservedTime: time } },
    });
    expect([patched.status, patched.json.apiVersion]).toEqual([200, 'events.k8s.io/v1']);
    expect((await server.call(`${core}/new`, { method: 'DELETE' })).status).toBe(200);
    const seen: { readonly type: string; readonly object: object }[] = [];
    let text = '';
    for await (const piece of watch as AsyncIterable<Buffer>) {
      text += piece.toString();
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) seen.push(JSON.parse(line) as (typeof seen)[number]);
      if (seen.at(-1)?.type === 'DELETED') break;
    }
    watch.destroy();
    expect(seen.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(seen[1]!.object).toMatchObject({ apiVersion: 'v1', message: 'with the tide', series: { count: 9 } });
    expect((await server.call(`${events}/new`)).status).toBe(404);
  });
});
