import { ApiError, compareQuantities, milliUnits, podAmounts } from '@geobuk/api';
import type { Container, KubernetesObject, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix, subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from './admission.js';
import { newPod } from './kinds.js';

type Amounts = Readonly<Record<string, string>>;

const annotation = 'kubernetes.io/limit-ranger';

/** Defaults and bounds of what containers, pods and claims ask for. Follows: LimitRanger, checklist 2.7.5. */
export function limitRanger({ caches }: { readonly caches: WatchCaches }): AdmissionPlugin {
  const itemsOf = async ({ namespace, signal }: AdmissionRequest): Promise<readonly LimitRangeItem[]> => {
    const cache = caches.cache(storePrefix('', 'limitranges'));
    if (namespace === undefined || cache.size === 0) return [];
    const { items } = await cache.list({ namespace, signal });
    return items.flatMap(({ object }) => (object as LimitRange).spec?.limits ?? []);
  };
  return {
    name: 'LimitRanger',
    async admit(object, request) {
      const pod = newPod(object, request);
      if (pod === undefined) return object;
      const items = (await itemsOf(request)).filter(({ type }) => type === 'Container');
      return items.length === 0 ? object : withDefaults(pod, items);
    },
    async validate(object, request, old) {
      if (object === undefined) return;
      const { type } = request.resource;
      const isResize = request.operation === 'UPDATE' && request.subresource === 'resize';
      const isNew = request.operation === 'CREATE' && request.subresource === '';
      let problems: readonly string[] = [];
      if (type.group === '' && type.plural === 'pods' && (isNew || isResize)) {
        problems = podProblems(object as Pod, await itemsOf(request));
      } else if (type.group === '' && type.plural === 'persistentvolumeclaims' && (isNew || old !== undefined)) {
        problems = claimProblems(object as PersistentVolumeClaim, await itemsOf(request));
      }
      if (problems.length === 0) return;
      const why = problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`;
      throw ApiError.forbidden(subjectOf(request.resource), request.name, why);
    },
  };
}

function withDefaults(pod: Pod, items: readonly LimitRangeItem[]): KubernetesObject {
  const said: string[] = [];
  const fill = (container: Container, kind: string): Container => {
    const limits: Record<string, string> = { ...container.resources?.limits };
    const requests: Record<string, string> = { ...container.resources?.requests };
    const setLimits: string[] = [];
    const setRequests: string[] = [];
    for (const { default: defaults = {}, defaultRequest = {} } of items) {
      for (const [name, value] of Object.entries(defaults)) {
        if (limits[name] === undefined) setLimits.push(name);
        limits[name] ??= value;
      }
      for (const [name, value] of Object.entries(defaultRequest)) {
        if (requests[name] === undefined) setRequests.push(name);
        requests[name] ??= value;
      }
    }
    if (setRequests.length > 0) said.push(`${setRequests.sort().join(', ')} request for ${kind} ${container.name}`);
    if (setLimits.length > 0) said.push(`${setLimits.sort().join(', ')} limit for ${kind} ${container.name}`);
    if (setLimits.length + setRequests.length === 0) return container;
    return {
      ...container,
      resources: {
        ...container.resources,
        ...(Object.keys(limits).length === 0 ? {} : { limits }),
        ...(Object.keys(requests).length === 0 ? {} : { requests }),
      },
    };
  };
  const containers = pod.spec.containers.map((container) => fill(container, 'container'));
  const initContainers = pod.spec.initContainers?.map((container) => fill(container, 'init container'));
  if (said.length === 0) return pod as KubernetesObject;
  const note = `LimitRanger plugin set: ${said.join('; ')}`;
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [annotation]: note } },
    spec: { ...pod.spec, containers, ...(initContainers === undefined ? {} : { initContainers }) },
  } as KubernetesObject;
}

function podProblems(pod: Pod, items: readonly LimitRangeItem[]): readonly string[] {
  const problems: string[] = [];
  for (const item of items) {
    if (item.type === 'Container') {
      for (const { resources = {} } of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
        problems.push(...boundProblems(item, resources.requests ?? {}, resources.limits ?? {}));
      }
    } else if (item.type === 'Pod') {
      problems.push(...boundProblems(item, podAmounts(pod, 'requests'), podAmounts(pod, 'limits')));
    }
  }
  return problems;
}

function boundProblems(item: LimitRangeItem, requests: Amounts, limits: Amounts): readonly string[] {
  const { type, min = {}, max = {}, maxLimitRequestRatio = {} } = item;
  const problems: string[] = [];
  for (const [name, bound] of Object.entries(min)) {
    const what = `minimum ${name} usage per ${type} is ${bound}`;
    const request = requests[name];
    const limit = limits[name];
    if (request === undefined) problems.push(`${what}.  No request is specified`);
    else if (compareQuantities(request, bound) < 0) problems.push(`${what}, but request is ${request}`);
    if (limit !== undefined && compareQuantities(limit, bound) < 0) problems.push(`${what}, but limit is ${limit}`);
  }
  for (const [name, bound] of Object.entries(max)) {
    const what = `maximum ${name} usage per ${type} is ${bound}`;
    const request = requests[name];
    const limit = limits[name];
    if (limit === undefined) problems.push(`${what}.  No limit is specified`);
    else if (compareQuantities(limit, bound) > 0) problems.push(`${what}, but limit is ${limit}`);
    if (request !== undefined && compareQuantities(request, bound) > 0)
      problems.push(`${what}, but request is ${request}`);
  }
  for (const [name, bound] of Object.entries(maxLimitRequestRatio)) {
    const what = `${name} max limit to request ratio per ${type} is ${bound}`;
    const request = requests[name];
    const limit = limits[name];
    if (request === undefined || limit === undefined) {
      problems.push(`${what}, but no ${request === undefined ? 'request' : 'limit'} is specified or request is 0`);
      continue;
    }
    const ratio = Number(milliUnits(limit)) / Number(milliUnits(request));
    if (ratio > Number(milliUnits(bound)) / 1000) problems.push(`${what}, but provided ratio is ${ratio.toFixed(6)}`);
  }
  return problems;
}

function claimProblems(claim: PersistentVolumeClaim, items: readonly LimitRangeItem[]): readonly string[] {
  const requests = claim.spec?.resources?.requests ?? {};
  return items
    .filter(({ type }) => type === 'PersistentVolumeClaim')
    .flatMap(({ type, min, max }) => [
      ...boundProblems({ type, ...(min === undefined ? {} : { min }) }, requests, {}),
      ...Object.entries(max ?? {}).flatMap(([name, bound]) => {
        const what = `maximum ${name} usage per ${type} is ${bound}`;
        const request = requests[name];
        if (request === undefined) return [`${what}.  No request is specified`];
        return compareQuantities(request, bound) > 0 ? [`${what}, but request is ${request}`] : [];
      }),
    ]);
}
