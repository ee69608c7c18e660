import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deployments, pods, services } from '../generated/resources.js';
import { isConflict } from '../status.js';
import { deepFreeze } from '../testing/arbitrary-json.js';
import { schemaOf } from '../schema/schema-of.js';
import { schemaOfStructural } from '../schema/structural-schema.js';
import { serverSideApply, trackUpdate } from './server-side-apply.js';
import type { ApiError } from '../status.js';
import type { KubernetesObject } from '../object.js';
import type { ResourceType } from '../resource-type.js';

interface Thing extends KubernetesObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: object;
  readonly data?: Readonly<Record<string, string>>;
}

const first = '2026-01-01T00:00:00Z';
const second = '2026-01-01T00:00:01Z';

const thing = (type: ResourceType, spec: Readonly<Record<string, unknown>>, metadata: object = {}): Thing =>
  deepFreeze({
    apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
    kind: type.kind,
    metadata: { name: 'x', namespace: 'n', ...metadata },
    spec,
  });

const apply = (
  type: ResourceType,
  live: Thing | undefined,
  applied: Thing,
  manager: string,
  options: { readonly force?: boolean; readonly now?: string; readonly resetFields?: string[][] } = {},
): Thing =>
  serverSideApply({
    schema: schemaOf(type),
    live,
    applied,
    manager,
    apiVersion: applied.apiVersion ?? '',
    now: options.now ?? first,
    force: options.force,
    resetFields: options.resetFields,
  });

const update = (type: ResourceType, live: Thing | undefined, updated: Thing, manager: string, now = first): Thing =>
  trackUpdate({ schema: schemaOf(type), live, updated, manager, apiVersion: updated.apiVersion ?? '', now });

const owners = (object: Thing) =>
  Object.fromEntries((object.metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]));

const container = (name: string, more: object = {}) => ({ name, image: 'i', ...more });

describe('server-side apply', () => {
  it('creates, and the manager owns what it applied but no identity', () => {
    const object = apply(deployments, undefined, thing(deployments, { replicas: 1 }, { labels: { a: '1' } }), 'me');
    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: first,
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:spec': { 'f:replicas': {} } },
      },
    ]);
  });

  it('gives the live object back when nothing changes, with its time', () => {
    const live = apply(deployments, undefined, thing(deployments, { replicas: 1 }), 'me');
    expect(apply(deployments, live, thing(deployments, { replicas: 1 }), 'me', { now: second })).toBe(live);
  });

  it('removes what the manager applied before and leaves out, unless somebody else owns it', () => {
    const one = apply(
      deployments,
      undefined,
      thing(deployments, { replicas: 1, paused: true, minReadySeconds: 3 }),
      'a',
    );
    const two = apply(deployments, one, thing(deployments, { paused: true }), 'b');
    const three = apply(deployments, two, thing(deployments, { replicas: 1 }), 'a');
    expect(three.spec).toEqual({ replicas: 1, paused: true });
    expect(owners(three)).toEqual({
      a: { 'f:spec': { 'f:replicas': {} } },
      b: { 'f:spec': { 'f:paused': {} } },
    });
  });

  it('refuses to change what another manager owns and names it', () => {
    const live = apply(deployments, undefined, thing(deployments, { replicas: 1 }), 'a');
    const attempt = () => apply(deployments, live, thing(deployments, { replicas: 2 }), 'b');
    expect(attempt).toThrow('Apply failed with 1 conflict: conflict with "a": .spec.replicas');
    try {
      attempt();
    } catch (error) {
      expect(isConflict(error)).toBe(true);
      expect((error as ApiError).status.details?.causes).toEqual([
        { reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.spec.replicas' },
      ]);
    }
  });

  it('names version and time of a manager that updated, and all fields at once', () => {
    const live = update(deployments, undefined, thing(deployments, { replicas: 1, paused: true }), 'kubectl-edit');
    expect(() => apply(deployments, live, thing(deployments, { replicas: 2, paused: false }), 'b')).toThrow(
      `Apply failed with 2 conflicts: conflicts with "kubectl-edit" using apps/v1 at ${first}:\n- .spec.paused\n- .spec.replicas`,
    );
  });

  it('takes ownership by force', () => {
    const live = apply(deployments, undefined, thing(deployments, { replicas: 1, paused: true }), 'a');
    const taken = apply(deployments, live, thing(deployments, { replicas: 2 }), 'b', { force: true });
    expect(taken.spec).toEqual({ replicas: 2, paused: true });
    expect(owners(taken)).toEqual({ a: { 'f:spec': { 'f:paused': {} } }, b: { 'f:spec': { 'f:replicas': {} } } });
  });

  it('shares a field that two managers set alike', () => {
    const live = apply(deployments, undefined, thing(deployments, { replicas: 1 }), 'a');
    const shared = apply(deployments, live, thing(deployments, { replicas: 1 }), 'b');
    const left = apply(deployments, shared, thing(deployments, {}), 'a');
    expect(left.spec).toEqual({ replicas: 1 });
    expect(owners(left)).toEqual({ b: { 'f:spec': { 'f:replicas': {} } }, a: { 'f:spec': {} } });
  });

  it('merges lists by key and owns items by key', () => {
    const live = apply(pods, undefined, thing(pods, { containers: [container('one'), container('two')] }), 'a');
    const merged = apply(pods, live, thing(pods, { containers: [{ name: 'two', command: ['x'] }] }), 'b');
    expect(merged.spec).toEqual({ containers: [container('one'), container('two', { command: ['x'] })] });
    expect(owners(merged)['b']).toEqual({
      'f:spec': { 'f:containers': { 'k:{"name":"two"}': { '.': {}, 'f:name': {}, 'f:command': {} } } },
    });
  });

  it('takes an item away with the defaults in it when its only owner leaves it out', () => {
    const live = apply(pods, undefined, thing(pods, { containers: [container('one'), container('two')] }), 'a');
    const defaulted: Thing = deepFreeze({
      ...live,
      spec: { containers: [container('one'), container('two', { imagePullPolicy: 'Always' })] },
    });
    const left = apply(pods, defaulted, thing(pods, { containers: [container('one')] }), 'a');
    expect(left.spec).toEqual({ containers: [container('one')] });
  });

  it('tells ports apart by their defaulted protocol', () => {
    const ports = [{ port: 53, protocol: 'UDP' }, { port: 53 }];
    const live = apply(services, undefined, thing(services, { ports }), 'a');
    expect(Object.keys((owners(live)['a'] as never)['f:spec']['f:ports'])).toEqual([
      'k:{"port":53,"protocol":"TCP"}',
      'k:{"port":53,"protocol":"UDP"}',
    ]);
  });

  it('owns atomic maps and lists as a whole', () => {
    const live = apply(services, undefined, thing(services, { selector: { a: '1' } }), 'a');
    expect(owners(live)['a']).toEqual({ 'f:spec': { 'f:selector': {} } });
    expect(() => apply(services, live, thing(services, { selector: { b: '2' } }), 'b')).toThrow('.spec.selector');
  });

  it('treats finalizers as a set', () => {
    const live = apply(pods, undefined, thing(pods, {}, { finalizers: ['x/a'] }), 'a');
    const both = apply(pods, live, thing(pods, {}, { finalizers: ['x/b'] }), 'b');
    expect(new Set(both.metadata.finalizers)).toEqual(new Set(['x/a', 'x/b']));
    const left = apply(pods, both, thing(pods, {}), 'a');
    expect(left.metadata.finalizers).toEqual(['x/b']);
  });

  it('calls whoever came before the first apply before-first-apply', () => {
    const live = thing(deployments, { replicas: 3 });
    expect(() => apply(deployments, live, thing(deployments, { replicas: 1 }), 'a')).toThrow(
      'conflict with "before-first-apply" using apps/v1',
    );
    const applied = apply(deployments, live, thing(deployments, { paused: true }), 'a');
    expect(owners(applied)).toEqual({
      a: { 'f:spec': { 'f:paused': {} } },
      'before-first-apply': { 'f:spec': { 'f:replicas': {} } },
    });
  });

  it('lets kubectl take over what it applied from the client', () => {
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { replicas: 1 } }),
    };
    const live = update(
      deployments,
      undefined,
      thing(deployments, { replicas: 1, paused: true }, { annotations }),
      'kubectl-client-side-apply',
    );
    const taken = apply(deployments, live, thing(deployments, { replicas: 2 }), 'kubectl');
    expect(taken.spec).toEqual({ replicas: 2, paused: true });
    expect(() => apply(deployments, live, thing(deployments, { paused: false }), 'kubectl')).toThrow('conflict');
    expect(() => apply(deployments, live, thing(deployments, { replicas: 2 }), 'other')).toThrow('conflict');
  });

  it('does not let anybody own what the endpoint resets', () => {
    const object = apply(
      deployments,
      undefined,
      { ...thing(deployments, { replicas: 1 }), status: { replicas: 1 } },
      'a',
      {
        resetFields: [['status']],
      },
    );
    expect(owners(object)['a']).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('refuses items that cannot be told apart, and managedFields in the applied object', () => {
    expect(() => apply(pods, undefined, thing(pods, { containers: [container('a'), container('a')] }), 'm')).toThrow(
      '.spec.containers: duplicate entries for key [name="a"]',
    );
    expect(() => apply(pods, undefined, thing(pods, { containers: [{ image: 'i' }] }), 'm')).toThrow(
      'associative list with keys has an element that omits key field "name"',
    );
    expect(() => apply(pods, undefined, thing(pods, {}, { managedFields: [{ manager: 'm' }] }), 'm')).toThrow(
      'must be nil',
    );
  });

  it('reads the topology of custom resources from their schema; unmarked lists are atomic', () => {
    const schema = schemaOfStructural({
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            named: {
              type: 'array',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['id'],
              items: { type: 'object', properties: { id: { type: 'string' }, v: { type: 'integer' } } },
            },
            plain: { type: 'array', items: { type: 'string' } },
          },
        },
      },
    });
    const write = (live: Thing | undefined, spec: object, manager: string): Thing =>
      serverSideApply<Thing>({
        schema,
        live,
        applied: { apiVersion: 'g/v1', kind: 'K', metadata: { name: 'x' }, spec: spec as Record<string, unknown> },
        manager,
        apiVersion: 'g/v1',
        now: first,
      });
    const live = write(undefined, { named: [{ id: 'a', v: 1 }], plain: ['p'] }, 'one');
    const merged = write(live, { named: [{ id: 'b', v: 2 }] }, 'two');
    expect(merged.spec).toEqual({
      named: [
        { id: 'a', v: 1 },
        { id: 'b', v: 2 },
      ],
      plain: ['p'],
    });
    expect(() => write(live, { plain: ['q'] }, 'two')).toThrow('.spec.plain');
  });

  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.constantFrom('1', '2'), {
    noNullPrototype: true,
  });
  const containers = fc.uniqueArray(
    fc.record(
      { name: fc.constantFrom('one', 'two', 'three'), image: fc.constantFrom('i', 'j') },
      { noNullPrototype: true },
    ),
    { selector: ({ name }) => name },
  );
  const applied = fc.tuple(labels, containers).map(([set, list]) => thing(pods, { containers: list }, { labels: set }));

  it('applied twice is applied once', () => {
    fc.assert(
      fc.property(applied, applied, (base, change) => {
        const live = apply(pods, undefined, base, 'a');
        const once = apply(pods, live, change, 'b', { force: true });
        expect(apply(pods, deepFreeze(once), change, 'b', { now: second })).toBe(once);
      }),
    );
  });

  it('what one manager applies last is what there is, whatever it applied before', () => {
    fc.assert(
      fc.property(applied, applied, (before, after) => {
        const live = apply(pods, apply(pods, undefined, before, 'a'), after, 'a');
        expect(live.spec).toEqual(after.spec);
        expect(live.metadata.labels ?? {}).toEqual(after.metadata.labels ?? {});
      }),
    );
  });

  it('managers of different fields commute but for the order of items', () => {
    fc.assert(
      fc.property(labels, containers, (set, list) => {
        const one = thing(pods, {}, { labels: set });
        const two = thing(pods, { containers: list });
        const sorted = (object: Thing) => ({
          labels: object.metadata.labels,
          spec: object.spec,
          owners: owners(object),
        });
        const ab = apply(pods, apply(pods, undefined, one, 'a'), two, 'b');
        const ba = apply(pods, apply(pods, undefined, two, 'b'), one, 'a');
        expect(sorted(ab)).toEqual(sorted(ba));
      }),
    );
  });
});

describe('tracking of other writes', () => {
  it('records what a create brought, maps and items as things of their own', () => {
    const object = update(
      pods,
      undefined,
      thing(pods, { containers: [container('one')] }, { labels: { a: '1' } }),
      'curl',
    );
    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'curl',
        operation: 'Update',
        apiVersion: 'v1',
        time: first,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
          'f:spec': { 'f:containers': { 'k:{"name":"one"}': { '.': {}, 'f:name': {}, 'f:image': {} } } },
        },
      },
    ]);
  });

  it('moves changed fields to whoever changed them and forgets removed ones', () => {
    const live = update(deployments, undefined, thing(deployments, { replicas: 1, paused: true }), 'a');
    const changed = update(deployments, live, { ...thing(deployments, { replicas: 2 }) }, 'b', second);
    expect(owners(changed)).toEqual({ b: { 'f:spec': { 'f:replicas': {} } } });
    expect(changed.metadata.managedFields?.[0]?.time).toBe(second);
  });

  it('changes nothing when nothing changed', () => {
    const live = update(deployments, undefined, thing(deployments, { replicas: 1 }), 'a');
    expect(update(deployments, live, live, 'b', second)).toBe(live);
  });

  it('clears the list by [{}] and keeps the live one when none is sent', () => {
    const live = update(deployments, undefined, thing(deployments, { replicas: 1 }), 'a');
    const cleared = update(deployments, live, thing(deployments, { replicas: 1 }, { managedFields: [{}] }), 'b');
    expect(cleared.metadata.managedFields).toBeUndefined();
    const kept = update(deployments, live, thing(deployments, { replicas: 1 }), 'b');
    expect(owners(kept)).toEqual({ a: { 'f:spec': { 'f:replicas': {} } } });
  });

  it('keeps subresources apart', () => {
    const live = update(deployments, undefined, thing(deployments, { replicas: 1 }), 'a');
    const updated = trackUpdate<Thing>({
      schema: schemaOf(deployments),
      live,
      updated: { ...live, status: { replicas: 1 } },
      manager: 'a',
      apiVersion: 'apps/v1',
      subresource: 'status',
      now: second,
    });
    expect(updated.metadata.managedFields?.map(({ subresource, fieldsV1 }) => [subresource, fieldsV1])).toEqual([
      [undefined, { 'f:spec': { 'f:replicas': {} } }],
      ['status', { 'f:status': { 'f:replicas': {} } }],
    ]);
  });

  it('makes one entry of the oldest when more than ten managers updated', () => {
    let object = thing(pods, {}, { labels: {} });
    for (let i = 0; i < 14; i++) {
      const changed = {
        ...object,
        metadata: { ...object.metadata, labels: { ...object.metadata.labels, [`l${i}`]: '1' } },
      };
      object = update(pods, object, changed, `m${i}`, `2026-01-01T00:00:${String(i).padStart(2, '0')}Z`);
    }
    const names = object.metadata.managedFields?.map(({ manager }) => manager);
    expect(names).toHaveLength(10);
    expect(names?.[0]).toBe('ancient-changes');
    expect(names?.at(-1)).toBe('m13');
  });
});
