import type { JSONSchemaProps } from '@geobuk/api';
import {
  conditions,
  groupName,
  hostname,
  kindName,
  labelSelector,
  list,
  listBy,
  namespaceName,
  object,
  objectName,
  oneOf,
  portNumber,
  rule,
  sectionName,
  text,
  withDefault,
} from './schemas.js';

const routeKind = object({ group: withDefault('gateway.networking.k8s.io', groupName), kind: kindName }, ['kind']);

const allowedRoutes = withDefault(
  { namespaces: { from: 'Same' } },
  object({
    namespaces: withDefault(
      { from: 'Same' },
      object({ from: withDefault('Same', oneOf('All', 'Selector', 'Same', 'None')), selector: labelSelector }),
    ),
    kinds: list(8, routeKind),
  }),
);

const certificateRef = object(
  {
    group: withDefault('', groupName),
    kind: withDefault('Secret', kindName),
    name: objectName,
    namespace: namespaceName,
  },
  ['name'],
);

const listener = rule(
  object(
    {
      name: sectionName,
      hostname,
      port: portNumber,
      protocol: text(255),
      tls: object({
        mode: withDefault('Terminate', oneOf('Terminate', 'Passthrough')),
        certificateRefs: list(64, certificateRef),
      }),
      allowedRoutes,
    },
    ['name', 'port', 'protocol'],
  ),
  "self.protocol != 'HTTP' || !has(self.tls)",
  'tls must not be specified for protocols HTTP, TCP and UDP',
);

export const gatewaySpec = object(
  {
    gatewayClassName: objectName,
    listeners: { ...listBy(['name'], 64, listener), minItems: 1 },
  },
  ['gatewayClassName', 'listeners'],
);

export const gatewayStatus = object({
  addresses: list(16, object({ type: text(253), value: text(253) }, ['value'])),
  conditions,
  listeners: listBy(
    ['name'],
    64,
    object(
      {
        name: sectionName,
        attachedRoutes: { type: 'integer', format: 'int32' },
        supportedKinds: list(8, routeKind),
        conditions,
      },
      ['name', 'attachedRoutes', 'supportedKinds', 'conditions'],
    ),
  ),
});

export const gatewayClassSpec: JSONSchemaProps = object(
  {
    controllerName: rule(text(253, '^[a-z0-9.-]+/[A-Za-z0-9/._~%-]+$'), 'self == oldSelf', 'Value is immutable'),
    description: { type: 'string', maxLength: 64 },
  },
  ['controllerName'],
);

export const referenceGrantSpec = object(
  {
    from: {
      ...list(
        16,
        object({ group: groupName, kind: kindName, namespace: namespaceName }, ['group', 'kind', 'namespace']),
      ),
      minItems: 1,
    },
    to: {
      ...list(16, object({ group: groupName, kind: kindName, name: objectName }, ['group', 'kind'])),
      minItems: 1,
    },
  },
  ['from', 'to'],
);
