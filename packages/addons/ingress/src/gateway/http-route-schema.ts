import type { JSONSchemaProps } from '@geobuk/api';
import {
  conditions,
  groupName,
  hostname,
  kindName,
  list,
  listBy,
  namespaceName,
  object,
  objectName,
  oneOf,
  portNumber,
  preciseHostname,
  rule,
  sectionName,
  text,
  whole,
  withDefault,
} from './schemas.js';

const headerName = text(256, "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$");
const header = object({ name: headerName, value: text(4_096) }, ['name', 'value']);
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

const valueMatch = object(
  { type: withDefault('Exact', oneOf('Exact', 'RegularExpression')), name: headerName, value: text(4_096) },
  ['name', 'value'],
);

const pathMatch = rule(
  object({
    type: withDefault('PathPrefix', oneOf('Exact', 'PathPrefix', 'RegularExpression')),
    value: withDefault('/', { type: 'string', maxLength: 1_024 }),
  }),
  "self.type == 'RegularExpression' || self.value.startsWith('/')",
  "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
);

const match = object({
  path: withDefault({ type: 'PathPrefix', value: '/' }, pathMatch),
  headers: listBy(['name'], 16, valueMatch),
  queryParams: listBy(['name'], 16, valueMatch),
  method: oneOf(...methods),
});

const headerModifier = object({
  set: listBy(['name'], 16, header),
  add: listBy(['name'], 16, header),
  remove: { type: 'array', maxItems: 16, 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
});

const pathModifier = rule(
  object(
    {
      type: oneOf('ReplaceFullPath', 'ReplacePrefixMatch'),
      replaceFullPath: { type: 'string', maxLength: 1_024 },
      replacePrefixMatch: { type: 'string', maxLength: 1_024 },
    },
    ['type'],
  ),
  "self.type == 'ReplaceFullPath' ? has(self.replaceFullPath) : has(self.replacePrefixMatch)",
  'the field that the type names must be set',
);

const filterFields: Readonly<Record<string, JSONSchemaProps>> = {
  requestHeaderModifier: headerModifier,
  responseHeaderModifier: headerModifier,
  requestRedirect: object({
    scheme: oneOf('http', 'https'),
    hostname: preciseHostname,
    path: pathModifier,
    port: portNumber,
    statusCode: withDefault(302, { type: 'integer', enum: [301, 302, 303, 307, 308] }),
  }),
  urlRewrite: object({ hostname: preciseHostname, path: pathModifier }),
};

/** Those of the API that this addon has not are known by name, so that the route's status can say so. */
const otherFilters = ['RequestMirror', 'ExtensionRef', 'CORS'];
const filterTypes = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite'];

const filters: JSONSchemaProps = {
  type: 'array',
  maxItems: 16,
  'x-kubernetes-list-type': 'atomic',
  items: {
    ...object({ type: oneOf(...filterTypes, ...otherFilters), ...filterFields }, ['type']),
    'x-kubernetes-preserve-unknown-fields': true,
  },
};

const backendRef = object(
  {
    group: withDefault('', groupName),
    kind: withDefault('Service', kindName),
    name: objectName,
    namespace: namespaceName,
    port: portNumber,
    weight: withDefault(1, whole(0, 1_000_000)),
    filters,
  },
  ['name'],
);

export const parentRef = object(
  {
    group: withDefault('gateway.networking.k8s.io', groupName),
    kind: withDefault('Gateway', kindName),
    namespace: namespaceName,
    name: objectName,
    sectionName,
    port: portNumber,
  },
  ['name'],
);

const routeRule = object({
  name: sectionName,
  matches: withDefault([{ path: { type: 'PathPrefix', value: '/' } }], list(64, match)),
  filters,
  backendRefs: list(16, backendRef),
});

export const httpRouteSpec = object({
  parentRefs: list(32, parentRef),
  hostnames: list(16, hostname),
  rules: withDefault([{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }], list(16, routeRule)),
});

export const httpRouteStatus = object(
  {
    parents: list(
      32,
      object({ parentRef, controllerName: text(253), conditions }, ['parentRef', 'controllerName', 'conditions']),
    ),
  },
  ['parents'],
);
