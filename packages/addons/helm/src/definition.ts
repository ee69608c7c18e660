import type { CustomResourceDefinition, JSONSchemaProps } from '@geobuk/api';
import { addonLabels } from '@geobuk/addon-sdk';
import { helmReleases } from './helm-release.js';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const text = (pattern: string, maxLength = 253): JSONSchemaProps => ({ type: 'string', maxLength, pattern });
const name = text(`^${label}(\\.${label})*$`);
const key = text('^[-._a-zA-Z0-9]+$');
const whole = (minimum: number, maximum: number, value: number): JSONSchemaProps => ({
  type: 'integer',
  minimum,
  maximum,
  default: value as never,
});
const oneOf = (value: string, ...values: readonly string[]): JSONSchemaProps => ({
  type: 'string',
  enum: values as never,
  default: value as never,
});

const chart: JSONSchemaProps = {
  type: 'object',
  properties: {
    repository: text('^https?://[!-~]+$', 2_048),
    name: text('^[a-zA-Z0-9]([a-zA-Z0-9._-]*)$'),
    oci: text('^oci://[!-~]+$', 2_048),
    path: text('^[a-zA-Z0-9][a-zA-Z0-9._/-]*$', 1_024),
    configMap: { type: 'object', required: ['name', 'key'], properties: { name, key } },
    version: text('^[0-9a-zA-Z<>=~^*|, .+-]*$'),
  },
  'x-kubernetes-validations': [
    {
      rule: '(has(self.repository) ? 1 : 0) + (has(self.oci) ? 1 : 0) + (has(self.path) ? 1 : 0) + (has(self.configMap) ? 1 : 0) == 1',
      message: 'exactly one of repository, oci, path and configMap must be set',
    },
    { rule: 'has(self.repository) == has(self.name)', message: 'name goes with repository' },
  ],
};

const spec: JSONSchemaProps = {
  type: 'object',
  required: ['chart'],
  properties: {
    chart,
    releaseName: text(`^${label}$`, 53),
    targetNamespace: text(`^${label}$`, 63),
    createNamespace: { type: 'boolean', default: false as never },
    serviceAccountName: { ...name, default: 'default' as never },
    values: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    valuesFrom: {
      type: 'array',
      maxItems: 20,
      items: {
        type: 'object',
        required: ['kind', 'name'],
        properties: {
          kind: { type: 'string', enum: ['ConfigMap', 'Secret'] as never },
          name,
          key: { ...key, default: 'values.yaml' as never },
          optional: { type: 'boolean', default: false as never },
        },
      },
    },
    timeoutSeconds: whole(1, 3_600, 300),
    intervalSeconds: whole(30, 86_400, 300),
    retries: whole(0, 100, 3),
    onFailure: oneOf('Rollback', 'Rollback', 'None'),
    drift: oneOf('Report', 'Repair', 'Report', 'Ignore'),
    historyLimit: whole(1, 100, 10),
    suspend: { type: 'boolean', default: false as never },
  },
};

export const helmReleaseDefinition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${helmReleases.plural}.${helmReleases.group}`, labels: addonLabels('helm') },
  spec: {
    group: helmReleases.group,
    scope: 'Namespaced',
    names: {
      kind: helmReleases.kind,
      listKind: 'HelmReleaseList',
      plural: helmReleases.plural,
      singular: helmReleases.singular,
      shortNames: ['hr'],
    },
    versions: [
      {
        name: helmReleases.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Revision', type: 'integer', jsonPath: '.status.revision' },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec,
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
};
