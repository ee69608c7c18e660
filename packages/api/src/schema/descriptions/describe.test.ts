import { describe, expect, it } from 'vitest';
import { builtInResources } from '../../kinds.js';
import { schemaOfDefinition } from '../built-in-schema.js';
import { described } from './describe.js';
import { kindDescriptions } from './kinds.js';
import { otherDescriptions } from './others.js';
import { podDescriptions } from './pods.js';
import { workloadDescriptions } from './workloads.js';

const prefixes = [
  'io.k8s.api.',
  'io.k8s.apimachinery.pkg.apis.meta.v1.',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.',
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.',
];
const found = (name: string) =>
  prefixes.map((prefix) => schemaOfDefinition(prefix + name)).find((schema) => schema !== undefined);

describe('descriptions', () => {
  it('speak of definitions and fields that there are', () => {
    const all = { ...podDescriptions, ...workloadDescriptions, ...otherDescriptions };
    const wrong = Object.entries(all).flatMap(([name, fields]) => {
      const schema = found(name);
      if (schema === undefined) return [name];
      return Object.keys(fields).flatMap((field) => (schema.fields.has(field) ? [] : [`${name}.${field}`]));
    });
    expect(wrong).toEqual([]);
    expect(Object.keys(kindDescriptions).filter((name) => found(name) === undefined)).toEqual([]);
  });

  it('say something about every kind that is served', () => {
    const silent = builtInResources.filter(({ definition }) => {
      const source = definition === undefined ? undefined : schemaOfDefinition(definition)?.source;
      return source !== undefined && described(definition!, source)['description'] === undefined;
    });
    expect(silent.map(({ group, version, kind }) => `${group}/${version} ${kind}`)).toEqual([]);
  });

  it('leave what they say nothing about as it is', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } };
    expect(described('io.k8s.api.core.v1.Nothing', schema)).toBe(schema);
    const named = { type: 'object', properties: { image: { type: 'string' }, other: { type: 'string' } } };
    const { properties } = described('io.k8s.api.core.v1.Container', named);
    expect(properties).toMatchObject({ image: { type: 'string', description: expect.any(String) } });
    expect((properties as { readonly other: object }).other).toEqual({ type: 'string' });
  });
});
