import { describe, expect, it } from 'vitest';
import { validateCustomResourceDefinition } from './custom-resource-definition.js';
import type { CustomResourceDefinition } from '../generated/types.js';

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        flag: { type: 'string' },
        guns: { type: 'array', items: { type: 'integer' } },
        size: { type: 'integer' },
      },
    },
  },
};
const problems = (version: object, group = 'navy.test', annotations?: Record<string, string>) =>
  validateCustomResourceDefinition({
    metadata: { name: `ships.${group}`, ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'ships', kind: 'Ship' },
      conversion: { strategy: 'None' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }],
    },
  } as unknown as CustomResourceDefinition).map(({ field, message }) => `${field}: ${message}`);
const columns = (column: object) =>
  problems({ additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.a', ...column }] });
const selectable = (...paths: string[]) => problems({ selectableFields: paths.map((jsonPath) => ({ jsonPath })) });
const scaled = (scale: object) =>
  problems({
    subresources: { scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size', ...scale } },
  });

describe('versions of custom resources', () => {
  it('a plain version has no faults', () => {
    expect(problems({})).toEqual([]);
    expect(columns({})).toEqual([]);
    expect(selectable('.spec.flag', '.spec.size')).toEqual([]);
    expect(scaled({ labelSelectorPath: '.status.selector' })).toEqual([]);
  });

  it.each([
    [
      { type: 'text' },
      /columns|additionalPrinterColumns\[0\]\.type: Invalid value: "text": must be one of boolean,date/,
    ],
    [{ type: '' }, /additionalPrinterColumns\[0\]\.type: Required value/],
    [{ jsonPath: 'a' }, /jsonPath: Invalid value: "a": must be a simple json path starting with \./],
    [{ jsonPath: '' }, /jsonPath: Required value/],
    [{ format: 'big' }, /format: Invalid value: "big": must be one of byte/],
    [{ name: '' }, /name: Required value/],
  ])('3.1.7 refuses the column %j', (column, message) => {
    expect(columns(column)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    [['.metadata.name'], 'must not point to fields in metadata'],
    [['.spec.none'], 'is an invalid path: does not refer to a valid field'],
    [['.spec.guns'], 'must point to a field of type string, boolean or integer'],
    [['spec.flag'], 'is an invalid path'],
    [['.spec.flag', '.spec.flag'], 'Duplicate value: ".spec.flag"'],
    [Array.from({ length: 9 }, () => '.spec.flag'), 'Too many: 9: must have at most 8 items'],
  ])('3.1.7 refuses the selectable fields %j', (paths, message) => {
    expect(selectable(...paths).join('\n')).toContain(message);
  });

  it.each([
    [
      { specReplicasPath: '.status.size' },
      'specReplicasPath: Invalid value: ".status.size": should be a json path under .spec',
    ],
    [{ statusReplicasPath: '' }, 'statusReplicasPath: Required value'],
    [{ labelSelectorPath: '.metadata.labels' }, 'should be a json path under either .spec or .status'],
  ])('3.2.6 refuses the scale %j', (scale, message) => {
    expect(scaled(scale).join('\n')).toContain(message);
  });

  it('3.1.2 groups of the Kubernetes project need approval', () => {
    const approved = 'https://github.com/kubernetes/enhancements/pull/1111';
    expect(problems({}, 'ships.k8s.io').join()).toContain('protected groups must have approval annotation');
    expect(problems({}, 'ships.k8s.io', { 'api-approved.kubernetes.io': 'yes' }).join()).toContain(
      'Invalid value: "yes"',
    );
    expect(problems({}, 'ships.k8s.io', { 'api-approved.kubernetes.io': approved })).toEqual([]);
    expect(problems({}, 'ships.k8s.io', { 'api-approved.kubernetes.io': 'unapproved, for a test' })).toEqual([]);
    expect(problems({}, 'myk8s.io')).toEqual([]);
  });

  it('3.3.3 a default must fit its own schema', () => {
    const openAPIV3Schema = {
      type: 'object',
      properties: {
        size: { type: 'integer', default: 'big' },
        flag: { type: 'string', maxLength: 3, default: 'dragon' },
      },
    };
    const found = problems({ schema: { openAPIV3Schema } });
    expect(found).toHaveLength(2);
    expect(found[0]).toContain('properties[size].default');
    expect(found[1]).toContain('properties[flag].default');
  });
});
