import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deployments, pods, podDisruptionBudgets, services } from '../generated/resources.js';
import { deepFreeze } from '../testing/arbitrary-json.js';
import { applyStrategicMergePatch } from './strategic-merge-patch.js';
import type { Json } from '../json/json-value.js';

const pod = deepFreeze({
  metadata: { name: 'p', labels: { a: '1', b: '2' }, finalizers: ['x', 'y'] },
  spec: {
    containers: [
      { name: 'one', image: 'i1', env: [{ name: 'A', value: '1' }] },
      { name: 'two', image: 'i2' },
    ],
    tolerations: [{ key: 'k' }],
    volumes: [{ name: 'v', emptyDir: {} }],
  },
});

const patched = (patch: Json): typeof pod => applyStrategicMergePatch(pods, pod, patch);

describe('strategic merge patch', () => {
  it('merges containers by name and their env by name', () => {
    const { spec } = patched({ spec: { containers: [{ name: 'one', env: [{ name: 'B', value: '2' }] }] } });
    expect(spec.containers).toEqual([
      {
        name: 'one',
        image: 'i1',
        env: [
          { name: 'B', value: '2' },
          { name: 'A', value: '1' },
        ],
      },
      { name: 'two', image: 'i2' },
    ]);
  });

  it('puts new items of a list before what it did not name', () => {
    const { spec } = patched({ spec: { containers: [{ name: 'three', image: 'i3' }] } });
    expect(spec.containers.map(({ name }) => name)).toEqual(['three', 'one', 'two']);
  });

  it('replaces atomic lists', () => {
    expect(patched({ spec: { tolerations: [{ key: 'other' }] } }).spec.tolerations).toEqual([{ key: 'other' }]);
  });

  it('deletes fields by null and adds map entries', () => {
    expect(patched({ metadata: { labels: { a: null, c: '3' } } }).metadata.labels).toEqual({ b: '2', c: '3' });
  });

  it('treats finalizers as a set', () => {
    expect(new Set(patched({ metadata: { finalizers: ['y', 'z'] } }).metadata.finalizers)).toEqual(
      new Set(['x', 'y', 'z']),
    );
  });

  it('$patch: delete takes an item of a list away', () => {
    const { spec } = patched({ spec: { containers: [{ name: 'two', $patch: 'delete' }] } });
    expect(spec.containers.map(({ name }) => name)).toEqual(['one']);
  });

  it('$patch: replace in a list leaves the items of the patch alone', () => {
    const { spec } = patched({ spec: { containers: [{ $patch: 'replace' }, { name: 'three', image: 'i3' }] } });
    expect(spec.containers).toEqual([{ name: 'three', image: 'i3' }]);
  });

  it('$patch: replace in a map leaves the fields of the patch alone', () => {
    expect(patched({ metadata: { labels: { $patch: 'replace', z: '1' } } }).metadata.labels).toEqual({ z: '1' });
  });

  it('$patch: delete in a map empties it', () => {
    expect(patched({ metadata: { labels: { $patch: 'delete' } } }).metadata.labels).toEqual({});
  });

  it('$patch: merge is what happens anyway', () => {
    expect(patched({ metadata: { labels: { $patch: 'merge', z: '1' } } }).metadata.labels).toEqual({
      a: '1',
      b: '2',
      z: '1',
    });
  });

  it('$deleteFromPrimitiveList takes values away', () => {
    expect(patched({ metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } }).metadata).toEqual({
      name: 'p',
      labels: { a: '1', b: '2' },
      finalizers: ['y'],
    });
  });

  it('$setElementOrder orders what it names and keeps the rest where it was', () => {
    const { spec } = patched({
      spec: {
        '$setElementOrder/containers': [{ name: 'three' }, { name: 'two' }],
        containers: [{ name: 'three', image: 'i3' }],
      },
    });
    expect(spec.containers.map(({ name }) => name)).toEqual(['three', 'one', 'two']);
    expect(Object.keys(spec)).not.toContain('$setElementOrder/containers');
  });

  it('$setElementOrder works on plain values too', () => {
    const { metadata } = patched({ metadata: { '$setElementOrder/finalizers': ['y', 'x'] } });
    expect(metadata.finalizers).toEqual(['y', 'x']);
  });

  it('$retainKeys drops every other field', () => {
    const { spec } = patched({
      spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/d' } }] },
    });
    expect(spec.volumes).toEqual([{ name: 'v', hostPath: { path: '/d' } }]);
  });

  it('$retainKeys clears rollingUpdate when a Deployment turns to Recreate', () => {
    const before = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    expect(applyStrategicMergePatch<unknown>(deployments, before, patch)).toEqual({
      spec: { strategy: { type: 'Recreate' } },
    });
  });

  it('replaces where the schema says so', () => {
    const before = { spec: { selector: { matchLabels: { a: '1' } } } };
    const patch = { spec: { selector: { matchLabels: { b: '2' } } } };
    expect(applyStrategicMergePatch<unknown>(podDisruptionBudgets, before, patch)).toEqual(patch);
  });

  it('merges service ports by port', () => {
    const before = { spec: { ports: [{ port: 80, targetPort: 1 }] } };
    const patch = { spec: { ports: [{ port: 80, nodePort: 30000 }, { port: 81 }] } };
    expect(applyStrategicMergePatch<unknown>(services, before, patch)).toEqual({
      spec: { ports: [{ port: 80, targetPort: 1, nodePort: 30000 }, { port: 81 }] },
    });
  });

  it.each([
    [{ spec: { containers: [{ image: 'x' }] } }, 'map does not contain declared merge key: name'],
    [{ metadata: { labels: { $patch: 'frob' } } }, "unknown patch type 'frob' in map"],
    [{ spec: { containers: [{ name: 'a', $patch: 'frob' }] } }, "unknown patch type 'frob' in list"],
    [{ metadata: { $retainKeys: ['name'], labels: {} } }, 'labels is missing'],
    [[], 'must be an object'],
  ])('refuses %j', (patch, message) => {
    expect(() => patched(patch)).toThrow(message);
  });

  it('refuses kinds without a built-in schema with 415', () => {
    expect(() => applyStrategicMergePatch({ kind: 'Foo' }, {}, {})).toThrow('unknown format');
  });

  it('takes __proto__ for a label like any other', () => {
    const { metadata } = patched(JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}') as Json);
    expect(Object.hasOwn(metadata.labels, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(metadata.labels)).toBe(Object.prototype);
  });

  const container = fc.record(
    {
      name: fc.constantFrom('one', 'two', 'three'),
      image: fc.constantFrom('i1', 'i2'),
      env: fc.uniqueArray(fc.record({ name: fc.constantFrom('A', 'B'), value: fc.constantFrom('1', '2') }), {
        selector: ({ name }) => name,
      }),
    },
    { requiredKeys: ['name'], noNullPrototype: true },
  );
  const containers = fc.uniqueArray(container, { selector: ({ name }) => name, maxLength: 3 });
  const labels = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.constantFrom('1', null), {
    noNullPrototype: true,
  });

  it('applied twice is applied once', () => {
    fc.assert(
      fc.property(containers, containers, labels, (live, change, wanted) => {
        const before = deepFreeze({ metadata: {}, spec: { containers: live } });
        const patch = deepFreeze({ metadata: { labels: wanted }, spec: { containers: change } });
        const once = applyStrategicMergePatch<unknown>(pods, before, patch);
        expect(applyStrategicMergePatch(pods, once, patch)).toEqual(once);
      }),
    );
  });

  it('patches of different containers commute but for the order', () => {
    fc.assert(
      fc.property(container, container, (first, second) => {
        const a = { spec: { containers: [{ ...first, name: 'one' }] } };
        const b = { spec: { containers: [{ ...second, name: 'two' }] } };
        const apply = (...patches: readonly object[]) =>
          patches.reduce<typeof pod>((doc, patch) => applyStrategicMergePatch(pods, doc, patch), pod);
        const sorted = (doc: typeof pod) => doc.spec.containers.toSorted((x, y) => (x.name < y.name ? -1 : 1));
        expect(sorted(apply(a, b))).toEqual(sorted(apply(b, a)));
      }),
    );
  });
});
