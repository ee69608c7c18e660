import { addonPackages, addons } from '@geobuk/api';
import type { KubernetesObject, ResourceType } from '@geobuk/api';

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
      properties: {
        package: { type: 'string', minLength: 1 },
        version: text,
        integrity: { type: 'string', pattern: '^sha512-[A-Za-z0-9+/]{86}==$' },
        allow: { ...texts, description: 'What the package may do beyond reading.' },
      },
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

const definitionOf = (
  { plural, singular, kind, group, version }: ResourceType,
  served: Readonly<Record<string, unknown>>,
): KubernetesObject =>
  ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural, singular, kind, listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, ...served }],
      conversion: { strategy: 'None' },
    },
  }) as KubernetesObject;

/** The kind behind which every addon stands; itself a custom resource like any other. */
export const addonDefinition = definitionOf(addons as ResourceType, {
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
});

/** The archives of addons' packages that the cluster keeps. */
export const addonPackageDefinition = definitionOf(addonPackages as ResourceType, {
  schema: {
    openAPIV3Schema: {
      type: 'object',
      description: 'The npm archive of an addon, kept so that nodes need no registry and upgrades can be rolled back.',
      required: ['spec'],
      properties: {
        spec: {
          type: 'object',
          required: ['package', 'version', 'integrity', 'archive'],
          properties: {
            package: { type: 'string', minLength: 1, maxLength: 214 },
            version: { type: 'string', minLength: 1, maxLength: 256 },
            integrity: { type: 'string', pattern: '^sha512-[A-Za-z0-9+/]{86}==$' },
            archive: { type: 'string', format: 'byte', description: 'What npm pack makes, in base64.' },
          },
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'a package never changes: make another' }],
        },
      },
    },
  },
  additionalPrinterColumns: [
    { name: 'Package', type: 'string', jsonPath: '.spec.package' },
    { name: 'Version', type: 'string', jsonPath: '.spec.version' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
});
