import { pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { explainText } from './explain.js';
import type { OpenApiSchemas } from './explain.js';

const schemas: OpenApiSchemas = {
  'io.k8s.api.core.v1.Pod': {
    description: 'Pod is a collection of containers.',
    type: 'object',
    properties: {
      kind: { type: 'string', description: 'Kind of it.' },
      spec: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodSpec' }], description: 'What is wanted.' },
    },
    'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Pod' }],
  },
  'io.k8s.api.core.v1.PodSpec': {
    type: 'object',
    required: ['containers'],
    properties: {
      containers: {
        type: 'array',
        description: 'Containers.',
        items: { $ref: '#/components/schemas/io.k8s.api.core.v1.Container' },
      },
      nodeSelector: { type: 'object', additionalProperties: { type: 'string' } },
    },
  },
  'io.k8s.api.core.v1.Container': { type: 'object', properties: { name: { type: 'string', description: 'Name.' } } },
};

describe('explain', () => {
  it('shows a type and its fields', () => {
    expect(explainText(schemas, pods, [], false)).toBe(
      'KIND:       Pod\nVERSION:    v1\n\nDESCRIPTION:\n    Pod is a collection of containers.\n\nFIELDS:\n' +
        '  kind\t<string>\n    Kind of it.\n\n  spec\t<PodSpec>\n    What is wanted.\n\n',
    );
  });

  it('walks down a path, through lists', () => {
    const text = explainText(schemas, pods, ['spec', 'containers'], false);
    expect(text).toContain('FIELD: containers <[]Container>\n');
    expect(text).toContain('FIELDS:\n  name\t<string>\n');
  });

  it('lists everything below with --recursive', () => {
    expect(explainText(schemas, pods, ['spec'], true)).toContain(
      'FIELDS:\n  containers\t<[]Container> -required-\n    name\t<string>\n  nodeSelector\t<map[string]string>\n',
    );
  });

  it('refuses a field that is not there', () => {
    expect(() => explainText(schemas, pods, ['spec', 'nope'], false)).toThrow('field "nope" does not exist');
  });
});
