import { controllerName } from '../ingress/ingress-class.js';
import type { ClusterView } from '../routing/cluster-view.js';
import type { RuleCollector } from '../routing/rule-collector.js';
import { attach, gatewayOf } from './attachment.js';
import type { ConditionWord } from './conditions.js';
import { condition } from './conditions.js';
import type { Gateway, GatewayClass, HttpRoute, ParentRef, ReferenceGrant } from './gateway-api.js';
import { gatewayGroup } from './gateway-api.js';
import { httpRules } from './http-rules.js';
import { openListeners } from './open-listener.js';
import type { OpenListener } from './open-listener.js';

export interface GatewayObjects {
  readonly classes: readonly GatewayClass[];
  readonly gateways: readonly Gateway[];
  readonly routes: readonly HttpRoute[];
  readonly grants: readonly ReferenceGrant[];
}

/** What is to stand in the status of each object. */
export interface GatewayStanding {
  readonly classes: readonly { readonly object: GatewayClass; readonly conditions: readonly ConditionWord[] }[];
  readonly gateways: readonly GatewayVerdict[];
  readonly routes: readonly { readonly object: HttpRoute; readonly parents: readonly ParentVerdict[] }[];
}

export interface GatewayVerdict {
  readonly object: Gateway;
  readonly conditions: readonly ConditionWord[];
  readonly listeners: readonly {
    readonly name: string;
    readonly attachedRoutes: number;
    readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
    readonly conditions: readonly ConditionWord[];
  }[];
}

export interface ParentVerdict {
  readonly parentRef: ParentRef;
  readonly conditions: readonly ConditionWord[];
}

export interface GatewaySurroundings {
  readonly view: ClusterView;
  readonly portProblem: (port: number) => string | undefined;
  /** Ports that Ingress has, and whether they are for TLS. */
  readonly ingressPorts: ReadonlyMap<number, boolean>;
}

const keyOf = (namespace: string | undefined, name: string | undefined): string => `${namespace ?? ''}/${name ?? ''}`;

/** Adds what all Gateways of our classes serve, the oldest first. */
export function addGateways(
  objects: GatewayObjects,
  around: GatewaySurroundings,
  into: RuleCollector,
): GatewayStanding {
  const ours = objects.classes.filter(({ spec }) => spec.controllerName === controllerName);
  const classNames = new Set(ours.map(({ metadata }) => metadata.name));
  const { view, portProblem, ingressPorts } = around;
  const tlsOfPort = new Map(ingressPorts);
  const open = new Map<string, readonly OpenListener[]>();
  const inOrder = objects.gateways.filter(({ spec }) => classNames.has(spec.gatewayClassName)).sort(byAge);
  for (const gateway of inOrder) {
    const listeners = openListeners(gateway, { view, grants: objects.grants, tlsOfPort, portProblem });
    open.set(keyOf(gateway.metadata.namespace, gateway.metadata.name), listeners);
    for (const { listener, tls, certificates } of listeners.filter(({ programmed }) => programmed)) {
      tlsOfPort.set(listener.port, tls);
      into.open(listener.port, tls);
      for (const certificate of certificates) into.serve(listener.port, certificate);
    }
  }
  const attached = new Map<OpenListener, number>();
  const routes = objects.routes.map((route) => ({
    object: route,
    parents: (route.spec.parentRefs ?? []).flatMap((parentRef): readonly ParentVerdict[] => {
      const target = gatewayOf(route, parentRef);
      const listeners = target === undefined ? undefined : open.get(keyOf(target.namespace, target.name));
      if (listeners === undefined) return []; // of another controller
      return [{ parentRef, conditions: addRoute(route, parentRef, listeners, objects.grants, view, attached, into) }];
    }),
  }));
  return {
    classes: ours.map((object) => ({
      object,
      conditions: [condition('Accepted', true, 'Accepted', '', object.metadata.generation)],
    })),
    gateways: inOrder.map((object) =>
      gatewayVerdict(object, open.get(keyOf(object.metadata.namespace, object.metadata.name)) ?? [], attached),
    ),
    routes,
  };
}

function addRoute(
  route: HttpRoute,
  parentRef: ParentRef,
  listeners: readonly OpenListener[],
  grants: readonly ReferenceGrant[],
  view: ClusterView,
  attached: Map<OpenListener, number>,
  into: RuleCollector,
): readonly ConditionWord[] {
  const { generation, namespace, name, creationTimestamp = '' } = route.metadata;
  const say = (type: string, bad: { readonly reason: string; readonly message: string } | undefined): ConditionWord =>
    condition(type, bad === undefined, bad?.reason ?? type, bad?.message ?? '', generation);
  const attachment = attach(route, parentRef, listeners, view.namespaces);
  if (!attachment.accepted) {
    const { unresolved } = httpRules(route, { view, grants, port: 80, tls: false });
    return [say('Accepted', attachment), say('ResolvedRefs', unresolved)];
  }
  let unsupported: string | undefined;
  let unresolved: ReturnType<typeof httpRules>['unresolved'];
  for (const { open, patterns } of attachment.at) {
    const { listener, tls, programmed } = open;
    attached.set(open, (attached.get(open) ?? 0) + 1);
    const result = httpRules(route, { view, grants, port: listener.port, tls });
    unsupported ??= result.unsupported;
    unresolved ??= result.unresolved;
    if (!programmed) continue;
    for (const pattern of patterns) {
      for (const [index, rule] of result.rules.entries()) {
        const owner = keyOf(namespace, name);
        into.add(listener.port, pattern, { rule, isDefault: false, createdAt: creationTimestamp, owner, index });
      }
    }
  }
  const bad = unsupported === undefined ? undefined : { reason: 'UnsupportedValue', message: unsupported };
  return [say('Accepted', bad), say('ResolvedRefs', unresolved)];
}

function gatewayVerdict(
  object: Gateway,
  listeners: readonly OpenListener[],
  attached: ReadonlyMap<OpenListener, number>,
): GatewayVerdict {
  const { generation } = object.metadata;
  const good = listeners.filter(({ programmed }) => programmed).length;
  const allGood = good === listeners.length;
  const message = allGood ? '' : `${listeners.length - good} of ${listeners.length} listeners are not valid`;
  return {
    object,
    conditions: [
      condition('Accepted', good > 0, allGood ? 'Accepted' : 'ListenersNotValid', message, generation),
      condition('Programmed', good > 0, good > 0 ? 'Programmed' : 'Invalid', message, generation),
    ],
    listeners: listeners.map((open) => ({
      name: open.listener.name,
      attachedRoutes: attached.get(open) ?? 0,
      supportedKinds: open.takesRoutes ? [{ group: gatewayGroup, kind: 'HTTPRoute' }] : [],
      conditions: open.conditions,
    })),
  };
}

const byAge = (a: Gateway, b: Gateway): number => {
  const left = `${a.metadata.creationTimestamp ?? ''} ${keyOf(a.metadata.namespace, a.metadata.name)}`;
  const right = `${b.metadata.creationTimestamp ?? ''} ${keyOf(b.metadata.namespace, b.metadata.name)}`;
  return left < right ? -1 : 1;
};
