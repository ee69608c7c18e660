import type { AddonDefinition } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { defineAddon } from './define-addon.js';

const good: AddonDefinition = {
  name: 'example',
  version: '1.0.0',
  description: 'Shows how it is done.',
  provides: ['example'],
  requires: ['pod-network'],
  conflicts: ['example'],
  enabledByDefault: false,
  config: { type: 'object', additionalProperties: false, properties: { replicas: { type: 'integer', default: 1 } } },
  permissions: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
  health: [],
  manifests: () => [],
};

describe('defineAddon', () => {
  it('takes a right definition as it is', () => {
    expect(defineAddon(good)).toEqual(good);
  });

  const mistakes: readonly (readonly [string, Partial<AddonDefinition>, RegExp])[] = [
    ['a bad name', { name: 'Not A Name' }, /name "Not A Name"/],
    ['a version that is none', { version: 'latest' }, /semantic version/],
    ['an empty description', { description: ' ' }, /description/],
    ['a capability with a space', { provides: ['pod network'] }, /capability "pod network"/],
    ['a requirement of its own', { requires: ['example'] }, /required and provided/],
    ['a rule without verbs', { permissions: [{ resources: ['pods'], verbs: [] }] }, /permissions\[0\]\.verbs/],
    ['a schema without defaults', { config: { type: 'object', required: ['x'] } }, /config\.x: must be set/],
    ['a schema that is none', { config: { type: 'object', properties: { x: { type: 'nonsense' } } } }, /JSON schema/],
    ['a schema of a list', { config: { type: 'array' } }, /type object/],
  ];
  for (const [title, change, expected] of mistakes) {
    it(`refuses ${title}`, () => expect(() => defineAddon({ ...good, ...change })).toThrow(expected));
  }
});
