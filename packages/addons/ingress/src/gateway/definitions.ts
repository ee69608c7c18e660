import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  JSONSchemaProps,
  ResourceType,
} from '@geobuk/api';
import { addonLabels } from '@geobuk/addon-sdk';
import { gatewayClasses, gatewayGroup, gateways, httpRoutes, referenceGrants } from './gateway-api.js';
import { gatewayClassSpec, gatewaySpec, gatewayStatus, referenceGrantSpec } from './gateway-schema.js';
import { httpRouteSpec, httpRouteStatus } from './http-route-schema.js';
import { conditions, object } from './schemas.js';

interface Parts {
  readonly type: Pick<ResourceType, 'version' | 'kind' | 'plural' | 'singular' | 'namespaced'>;
  readonly shortNames: readonly string[];
  readonly spec: JSONSchemaProps;
  readonly status?: JSONSchemaProps | undefined;
  readonly columns: readonly CustomResourceColumnDefinition[];
}

const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const condition = (name: string) => `.status.conditions[?(@.type=="${name}")].status`;

/** Follows: Gateway API 1.2, standard channel: what this addon serves of it. */
export const gatewayDefinitions: readonly CustomResourceDefinition[] = [
  definition({
    type: gatewayClasses,
    shortNames: ['gc'],
    spec: gatewayClassSpec,
    status: object({ conditions }),
    columns: [
      { name: 'Controller', type: 'string', jsonPath: '.spec.controllerName' },
      { name: 'Accepted', type: 'string', jsonPath: condition('Accepted') },
      age,
    ],
  }),
  definition({
    type: gateways,
    shortNames: ['gtw'],
    spec: gatewaySpec,
    status: gatewayStatus,
    columns: [
      { name: 'Class', type: 'string', jsonPath: '.spec.gatewayClassName' },
      { name: 'Address', type: 'string', jsonPath: '.status.addresses[*].value' },
      { name: 'Programmed', type: 'string', jsonPath: condition('Programmed') },
      age,
    ],
  }),
  definition({
    type: httpRoutes,
    shortNames: [],
    spec: httpRouteSpec,
    status: httpRouteStatus,
    columns: [{ name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames' }, age],
  }),
  definition({
    type: referenceGrants,
    shortNames: ['refgrant'],
    spec: referenceGrantSpec,
    columns: [age],
  }),
];

function definition({ type, shortNames, spec, status, columns }: Parts): CustomResourceDefinition {
  const { version, kind, plural, singular, namespaced } = type;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${gatewayGroup}`,
      labels: addonLabels('ingress'),
      // The API asks for it: the group belongs to Kubernetes.
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/3328' },
    },
    spec: {
      group: gatewayGroup,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        categories: ['gateway-api'],
        ...(shortNames.length === 0 ? {} : { shortNames }),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(status === undefined ? {} : { subresources: { status: {} } }),
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: object(
              {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec,
                ...(status === undefined ? {} : { status }),
              },
              ['spec'],
            ),
          },
        },
      ],
    },
  };
}
