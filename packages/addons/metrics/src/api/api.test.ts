import { describe, expect, it } from 'vitest';
import { Reader } from 'protobufjs/minimal.js';
import { attributesOf, parseRequested } from '../server/requested.js';
import { goDuration, nodeMetrics, podMetrics } from './metrics-objects.js';
import { encodeMetrics, encodeMetricsList } from './metrics-protobuf.js';
import { metricsTable } from './metrics-table.js';
import { mediaTypeFor } from './negotiation.js';

const now = Date.parse('2030-01-01T00:00:20Z');
const usage = { timestampMs: now - 5_000, windowMs: 15_012, cpuCores: 0.0123456789, workingSetBytes: 12_641_280 };
const node = nodeMetrics({ metadata: { name: 'n1', labels: { zone: 'a' } } }, usage, now);
const pod = podMetrics(
  { metadata: { name: 'web', namespace: 'default' } },
  [
    { ...usage, name: 'app', cpuCores: 0.25 },
    { ...usage, name: 'side', timestampMs: now - 9_000, cpuCores: 0, workingSetBytes: 1024 * 1024 },
  ],
  now,
);

describe('objects', () => {
  it('are those of metrics.k8s.io/v1beta1', () => {
    expect(node).toEqual({
      kind: 'NodeMetrics',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: { name: 'n1', labels: { zone: 'a' }, creationTimestamp: '2030-01-01T00:00:20Z' },
      timestamp: '2030-01-01T00:00:15Z',
      window: '15.012s',
      usage: { cpu: '12345679n', memory: '12345Ki' },
    });
    expect(pod).toMatchObject({ timestamp: '2030-01-01T00:00:11Z', metadata: { namespace: 'default' } });
    expect(pod.containers).toEqual([
      { name: 'app', usage: { cpu: '250m', memory: '12345Ki' } },
      { name: 'side', usage: { cpu: '0', memory: '1Mi' } },
    ]);
  });

  it.each([
    [15_000, '15s'],
    [500, '0.5s'],
    [60_000, '1m0s'],
    [3_661_500, '1h1m1.5s'],
  ])('%d ms is %s', (ms, text) => {
    expect(goDuration(ms)).toBe(text);
  });

  it('make a table: sums over containers', () => {
    expect(metricsTable([pod], 'None')).toMatchObject({
      kind: 'Table',
      columnDefinitions: [{ name: 'Name' }, { name: 'cpu' }, { name: 'memory' }, { name: 'window' }],
      rows: [{ cells: ['web', '250m', '13369Ki', '15.012s'] }],
    });
    expect(metricsTable([node], null)).toMatchObject({ rows: [{ object: { kind: 'PartialObjectMetadata' } }] });
  });
});

/** Fields by number, nested ones still as bytes. */
function fields(bytes: Uint8Array): Record<number, (Uint8Array | number)[]> {
  const reader = Reader.create(bytes);
  const found: Record<number, (Uint8Array | number)[]> = {};
  while (reader.pos < reader.len) {
    const key = reader.uint32();
    (found[key >>> 3] ??= []).push((key & 7) === 0 ? Number(reader.int64()) : reader.bytes());
  }
  return found;
}
const inner = (value: Uint8Array | number | undefined) => fields(value as Uint8Array);
const words = (value: Uint8Array | number | undefined) => Buffer.from(value as Uint8Array).toString();

describe('protobuf', () => {
  it('is an envelope with the type and the message', () => {
    const bytes = encodeMetrics(node);
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('k8s\0');
    const envelope = fields(bytes.subarray(4));
    const type = inner(envelope[1]?.[0]);
    expect([words(type[1]?.[0]), words(type[2]?.[0])]).toEqual(['metrics.k8s.io/v1beta1', 'NodeMetrics']);
    const message = inner(envelope[2]?.[0]);
    const metadata = inner(message[1]?.[0]);
    expect(words(metadata[1]?.[0])).toBe('n1');
    const label = inner(metadata[11]?.[0]);
    expect([words(label[1]?.[0]), words(label[2]?.[0])]).toEqual(['zone', 'a']);
    expect(inner(message[2]?.[0])[1]?.[0]).toBe((now - 5_000) / 1000);
    expect(inner(message[3]?.[0])[1]?.[0]).toBe(15_012_000_000);
    const usages = (message[4] ?? []).map((entry) => {
      const { 1: key = [], 2: quantity = [] } = inner(entry);
      return [words(key[0]), words(inner(quantity[0])[1]?.[0])];
    });
    expect(usages).toEqual([
      ['cpu', '12345679n'],
      ['memory', '12345Ki'],
    ]);
  });

  it('of pods has the containers, and lists have all items', () => {
    const list = inner(fields(encodeMetricsList('PodMetricsList', [pod, pod]).subarray(4))[2]?.[0]);
    expect(list[2]).toHaveLength(2);
    const containers = inner(list[2]?.[0])[4] ?? [];
    expect(containers.map((one) => words(inner(one)[1]?.[0]))).toEqual(['app', 'side']);
  });
});

describe('negotiation', () => {
  it.each([
    [undefined, 'json'],
    ['application/json', 'json'],
    ['application/vnd.kubernetes.protobuf', 'protobuf'],
    ['application/vnd.kubernetes.protobuf,application/json', 'protobuf'],
    ['application/vnd.kubernetes.protobuf, */*', 'protobuf'],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'table'],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', 'json'],
    ['application/json;q=0.1, application/vnd.kubernetes.protobuf;q=0.9', 'protobuf'],
    ['application/yaml', 'none'],
  ])('%s gives %s', (accept, expected) => {
    expect(mediaTypeFor(accept)).toBe(expected);
  });
});

describe('paths', () => {
  const api = '/apis/metrics.k8s.io/v1beta1';
  it.each([
    ['/livez', { kind: 'health', check: 'live' }],
    ['/apis/metrics.k8s.io/v1beta1', { kind: 'discovery', document: 'resources' }],
    [`${api}/nodes`, { kind: 'metrics', resource: 'nodes' }],
    [`${api}/nodes/n1`, { kind: 'metrics', resource: 'nodes', name: 'n1' }],
    [`${api}/pods`, { kind: 'metrics', resource: 'pods' }],
    [`${api}/namespaces/a/pods`, { kind: 'metrics', resource: 'pods', namespace: 'a' }],
    [`${api}/namespaces/a/pods/b`, { kind: 'metrics', resource: 'pods', namespace: 'a', name: 'b' }],
    ['/history/nodes', { kind: 'history', resource: 'nodes' }],
    [`${api}/history/namespaces/a/pods/b`, { kind: 'history', resource: 'pods', namespace: 'a', name: 'b' }],
    ['/metrics', { kind: 'prometheus' }],
  ])('%s is known', (path, expected) => {
    expect(parseRequested(path)).toMatchObject(expected);
  });

  it.each(['/', '/api/v1', `${api}/services`, `${api}/nodes/a/b`, `${api}/pods/x`, `${api}/namespaces/a/pods/b/c`])(
    '%s is not',
    (path) => {
      expect(() => parseRequested(path)).toThrow('the server could not find the requested resource');
    },
  );

  it('are guarded as resources of the API, history like the numbers it consists of', () => {
    const history = '/history/namespaces/a/pods';
    expect(attributesOf(parseRequested(history), history)).toEqual({
      resourceAttributes: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        resource: 'pods',
        verb: 'list',
        namespace: 'a',
      },
    });
    expect(attributesOf(parseRequested('/metrics'), '/metrics')).toEqual({
      nonResourceAttributes: { path: '/metrics', verb: 'get' },
    });
  });
});
