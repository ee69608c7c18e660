import { addons } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';

const text = { type: 'string' } as const;
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
const texts = { type: 'array', items: text } as const;

const condition = {
  type: 'object',
  required: ['type', 'status'],
  properties: {
    type: text,
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    reason: text,
    message: text,
    lastTransitionTime: { type: 'string', format: 'date-time' },
    observedGeneration: { type: 'integer', format: 'int64' },
  },
};

const spec = {
  type: 'object',
  required: ['enabled'],
  properties: {
    enabled: { type: 'boolean', description: 'Whether the addon shall run.' },
    source: {
      type: 'object',
      description: 'Where the package comes from; absent for what ships with the product.',
      required: ['package'],
      properties: { package: { type: 'string', minLength: 1 }, version: text, integrity: text },
    },
    config: { ...open, description: 'What the user chose; the package has the defaults.' },
    updatePolicy: { type: 'string', enum: ['Platform', 'Pinned', 'Auto'] },
    onDisable: {
      type: 'object',
      properties: { data: { type: 'string', enum: ['Retain', 'Delete'] } },
    },
  },
};

const status = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  properties: {
    observedGeneration: { type: 'integer', format: 'int64' },
    phase: text,
    installedVersion: text,
    availableVersion: text,
    description: text,
    provides: texts,
    requires: texts,
    conflicts: texts,
    configSchema: open,
    resources: {
      type: 'array',
      items: {
        type: 'object',
        required: ['apiVersion', 'kind', 'name'],
        properties: { apiVersion: text, kind: text, namespace: text, name: text, ready: { type: 'boolean' } },
      },
    },
    conditions: {
      type: 'array',
      items: condition,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    },
    endpoints: {
      type: 'array',
      items: { type: 'object', required: ['name', 'url'], properties: { name: text, url: text } },
    },
    lastError: {
      type: 'object',
      required: ['reason', 'message', 'at'],
      properties: { reason: text, message: text, at: text, hint: text },
    },
    permissions: { type: 'array', items: open },
  },
};

/** The kind behind which every addon stands; itself a custom resource like any other. */
export const addonDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${addons.plural}.${addons.group}` },
  spec: {
    group: addons.group,
    scope: 'Cluster',
    names: {
      plural: addons.plural,
      singular: addons.singular,
      kind: addons.kind,
      listKind: `${addons.kind}List`,
    },
    versions: [
      {
        name: addons.version,
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'One addon of the cluster: switched on and off, configured, observed.',
            required: ['spec'],
            properties: { spec, status },
          },
        },
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Enabled', type: 'boolean', jsonPath: '.spec.enabled' },
          { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
          { name: 'Version', type: 'string', jsonPath: '.status.installedVersion' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    ],
    conversion: { strategy: 'None' },
  },
} as KubernetesObject;
