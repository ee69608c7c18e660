import type { Ingress, KubernetesObject, ResourceType } from '@geobuk/api';
import { deepEqual, ingresses, isConflict, isNotFound, keyOf } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import type { GatewayStanding } from '../gateway/add-gateways.js';
import { stamped } from '../gateway/conditions.js';
import { gatewayClasses, gateways, httpRoutes } from '../gateway/gateway-api.js';
import { controllerName } from '../ingress/ingress-class.js';

export interface Standing extends GatewayStanding {
  readonly ingresses: readonly Ingress[];
  /** Where clients come in. */
  readonly addresses: readonly string[];
}

export const nothingStands: Omit<Standing, 'ingresses'> = { classes: [], gateways: [], routes: [], addresses: [] };

interface Wish {
  readonly type: ResourceType;
  readonly object: KubernetesObject;
  readonly status: unknown;
  /** What is sent, where that is not the status itself. */
  readonly patch?: unknown;
}

/**
 * Writes what is not so yet.
 * @returns how many met another write in between: look again when the news of that one is here.
 */
export async function writeStatuses(
  standing: Standing,
  { client, clock }: { readonly client: Pick<Client, 'patch'>; readonly clock: Pick<Clock, 'now'> },
  signal: AbortSignal,
): Promise<number> {
  const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  let late = 0;
  for (const { type, object, status, patch = status } of wishes(standing, now)) {
    if (deepEqual((object as { readonly status?: unknown }).status ?? {}, status)) continue;
    const body = { metadata: { resourceVersion: object.metadata.resourceVersion }, status: patch };
    try {
      await client.patch(type, keyOf(object), { type: 'merge', body }, { signal, subresource: 'status' });
    } catch (error) {
      if (isConflict(error)) late += 1;
      else if (!isNotFound(error)) throw error;
    }
  }
  return late;
}

function wishes(
  { ingresses: all, addresses, classes, gateways: verdicts, routes }: Standing,
  now: string,
): readonly Wish[] {
  const isAddress = (text: string): boolean => /^[0-9.]+$|:/.test(text);
  const entries = addresses.map((text) => (isAddress(text) ? { ip: text } : { hostname: text }));
  return [
    ...all.map((object) => ({
      type: ingresses as ResourceType,
      object,
      status: { loadBalancer: entries.length === 0 ? {} : { ingress: entries } },
      // A merge takes nothing away unless told to.
      ...(entries.length === 0 ? { patch: { loadBalancer: { ingress: null } } } : {}),
    })),
    ...classes.map(({ object, conditions }) => ({
      type: gatewayClasses as ResourceType,
      object,
      status: { conditions: stamped(conditions, object.status?.conditions, now) },
    })),
    ...verdicts.map(({ object, conditions, listeners }) => ({
      type: gateways as ResourceType,
      object,
      status: {
        addresses: addresses.map((value) => ({ type: isAddress(value) ? 'IPAddress' : 'Hostname', value })),
        conditions: stamped(conditions, object.status?.conditions, now),
        listeners: listeners.map((listener) => ({
          ...listener,
          conditions: stamped(
            listener.conditions,
            object.status?.listeners?.find(({ name }) => name === listener.name)?.conditions,
            now,
          ),
        })),
      },
    })),
    ...routes.flatMap(({ object, parents }): readonly Wish[] => {
      const before = object.status?.parents ?? [];
      const others = before.filter((parent) => parent.controllerName !== controllerName);
      if (parents.length === 0 && others.length === before.length) return [];
      const ours = parents.map(({ parentRef, conditions }) => ({
        parentRef,
        controllerName,
        conditions: stamped(
          conditions,
          before.find((one) => one.controllerName === controllerName && deepEqual(one.parentRef, parentRef))
            ?.conditions,
          now,
        ),
      }));
      return [{ type: httpRoutes as ResourceType, object, status: { parents: [...others, ...ours] } }];
    }),
  ];
}
