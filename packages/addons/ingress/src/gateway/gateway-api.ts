import type { Condition, KubernetesObject, LabelSelector, ObjectMeta, ResourceType } from '@geobuk/api';

/** The parts of the Gateway API (gateway.networking.k8s.io) that this addon reads and writes. */
export const gatewayGroup = 'gateway.networking.k8s.io';

interface Named extends KubernetesObject {
  readonly metadata: ObjectMeta;
}

export interface GatewayClass extends Named {
  readonly spec: { readonly controllerName: string };
  readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined;
}

export interface Gateway extends Named {
  readonly spec: { readonly gatewayClassName: string; readonly listeners: readonly Listener[] };
  readonly status?: GatewayStatus | undefined;
}

export interface Listener {
  readonly name: string;
  readonly hostname?: string | undefined;
  readonly port: number;
  readonly protocol: string;
  readonly tls?:
    { readonly mode?: string | undefined; readonly certificateRefs?: readonly ObjectRef[] | undefined } | undefined;
  readonly allowedRoutes?:
    | {
        readonly namespaces?:
          { readonly from?: string | undefined; readonly selector?: LabelSelector | undefined } | undefined;
        readonly kinds?: readonly { readonly group?: string | undefined; readonly kind: string }[] | undefined;
      }
    | undefined;
}

export interface GatewayStatus {
  readonly addresses?: readonly { readonly type: string; readonly value: string }[] | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly listeners?: readonly ListenerStatus[] | undefined;
}

export interface ListenerStatus {
  readonly name: string;
  readonly attachedRoutes: number;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly conditions: readonly Condition[];
}

export interface ObjectRef {
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ParentRef extends ObjectRef {
  readonly sectionName?: string | undefined;
  readonly port?: number | undefined;
}

export interface HttpRoute extends Named {
  readonly spec: {
    readonly parentRefs?: readonly ParentRef[] | undefined;
    readonly hostnames?: readonly string[] | undefined;
    readonly rules?: readonly HttpRouteRule[] | undefined;
  };
  readonly status?: { readonly parents: readonly RouteParentStatus[] } | undefined;
}

export interface RouteParentStatus {
  readonly parentRef: ParentRef;
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

export interface HttpRouteRule {
  readonly matches?: readonly HttpRouteMatch[] | undefined;
  readonly filters?: readonly HttpRouteFilter[] | undefined;
  readonly backendRefs?: readonly HttpBackendRef[] | undefined;
}

interface Value {
  readonly type?: string | undefined;
  readonly name: string;
  readonly value: string;
}

export interface HttpRouteMatch {
  readonly path?: { readonly type?: string | undefined; readonly value?: string | undefined } | undefined;
  readonly headers?: readonly Value[] | undefined;
  readonly queryParams?: readonly Value[] | undefined;
  readonly method?: string | undefined;
}

export interface HeaderModifier {
  readonly set?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly add?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

export interface PathModifier {
  readonly type: string;
  readonly replaceFullPath?: string | undefined;
  readonly replacePrefixMatch?: string | undefined;
}

export interface HttpRouteFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HeaderModifier | undefined;
  readonly responseHeaderModifier?: HeaderModifier | undefined;
  readonly requestRedirect?:
    | {
        readonly scheme?: string | undefined;
        readonly hostname?: string | undefined;
        readonly port?: number | undefined;
        readonly statusCode?: number | undefined;
        readonly path?: PathModifier | undefined;
      }
    | undefined;
  readonly urlRewrite?:
    { readonly hostname?: string | undefined; readonly path?: PathModifier | undefined } | undefined;
}

export interface HttpBackendRef extends ObjectRef {
  readonly port?: number | undefined;
  readonly weight?: number | undefined;
  readonly filters?: readonly HttpRouteFilter[] | undefined;
}

export interface ReferenceGrant extends Named {
  readonly spec: {
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string | undefined }[];
  };
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

const custom = <T extends KubernetesObject>(
  version: string,
  kind: string,
  plural: string,
  namespaced: boolean,
): ResourceType<T> => ({
  group: gatewayGroup,
  version,
  kind,
  plural,
  singular: kind.toLowerCase(),
  namespaced,
  verbs,
  shortNames: [],
  categories: [],
  subresources: { status: { group: gatewayGroup, version, kind, verbs: ['get', 'patch', 'update'] } },
});

export const gatewayClasses = custom<GatewayClass>('v1', 'GatewayClass', 'gatewayclasses', false);
export const gateways = custom<Gateway>('v1', 'Gateway', 'gateways', true);
export const httpRoutes = custom<HttpRoute>('v1', 'HTTPRoute', 'httproutes', true);
export const referenceGrants = custom<ReferenceGrant>('v1beta1', 'ReferenceGrant', 'referencegrants', true);
