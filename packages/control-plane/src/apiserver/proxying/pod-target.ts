import { ApiError } from '@geobuk/api';
import type { FieldError, Pod } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import type { RequestInfo } from '../filters/request-info.js';
import { storePrefix } from '../resources/served-resource.js';
import { kubeletAddress } from './kubelet-address.js';
import type { UpstreamTarget } from './upstream.js';

const subject = { group: '', plural: 'pods', kind: 'Pod' };

/** @throws {ApiError} NotFound. */
function podOf(caches: WatchCaches, { namespace, name }: RequestInfo): Pod {
  const pod = caches.cache(storePrefix('', 'pods')).get({ namespace, name })?.object as Pod | undefined;
  if (pod === undefined) throw ApiError.notFound(subject, name);
  return pod;
}

/** @throws {ApiError} BadRequest: on no node yet. */
function nodeOf({ metadata, spec: { nodeName } }: Pod): string {
  if (nodeName !== undefined && nodeName !== '') return nodeName;
  throw ApiError.badRequest(`pod ${metadata.name} does not have a host assigned`);
}

/** The container that is meant: the named one, or the only one. @throws {ApiError} BadRequest. */
function containerOf(pod: Pod, given: string | null): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const name = pod.metadata.name ?? '';
  if (given === null || given === '') {
    if (containers.length === 1) return containers[0]?.name ?? '';
    const choices = (list: readonly { readonly name: string }[]) =>
      `[${list.map((container) => container.name).join(' ')}]`;
    const init = initContainers.length === 0 ? '' : ` or one of the init containers: ${choices(initContainers)}`;
    throw ApiError.badRequest(
      `a container name must be specified for pod ${name}, choose one of: ${choices(containers)}${init}`,
    );
  }
  const all = [...containers, ...initContainers, ...ephemeralContainers];
  if (!all.some((container) => container.name === given))
    throw ApiError.badRequest(`container ${given} is not valid for pod ${name}`);
  return given;
}

const path = (...parts: readonly string[]): string => parts.map((part) => `/${encodeURIComponent(part)}`).join('');

const logOptions = [
  'follow',
  'previous',
  'sinceSeconds',
  'sinceTime',
  'timestamps',
  'tailLines',
  'limitBytes',
  'stream',
];

/** Follows: ValidatePodLogOptions. */
function logOptionErrors(search: URLSearchParams): readonly FieldError[] {
  const errors: FieldError[] = [];
  const atLeast = (field: string, least: number) => {
    const value = search.get(field);
    if (value === null) return;
    if (!/^-?\d+$/.test(value)) throw ApiError.badRequest(`strconv.ParseInt: parsing "${value}": invalid syntax`);
    if (Number(value) >= least) return;
    const message = `Invalid value: ${value}: must be greater than ${least === 0 ? 'or equal to ' : ''}0`;
    errors.push({ field, reason: 'FieldValueInvalid', message });
  };
  atLeast('tailLines', 0);
  atLeast('limitBytes', 1);
  atLeast('sinceSeconds', 1);
  if (search.has('sinceSeconds') && search.has('sinceTime')) {
    const message = 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified';
    errors.push({ field: '', reason: 'FieldValueForbidden', message });
  }
  return errors;
}

/** Where the kubelet gives a container's log. Follows: checklist 1.14.5. */
export function logTarget(caches: WatchCaches, info: RequestInfo, search: URLSearchParams): UpstreamTarget {
  const errors = logOptionErrors(search);
  if (errors.length > 0) throw ApiError.invalid({ group: '', plural: '', kind: 'PodLogOptions' }, info.name, errors);
  const pod = podOf(caches, info);
  const container = containerOf(pod, search.get('container'));
  const query = new URLSearchParams();
  for (const option of logOptions) {
    const value = search.get(option);
    if (value !== null) query.set(option, value);
  }
  return {
    scheme: 'https',
    ...kubeletAddress(caches, nodeOf(pod)),
    path: `${path('containerLogs', info.namespace, info.name, container)}?${query.toString()}`,
  };
}

const isOn = (value: string | null): boolean => value === 'true' || value === '1';

/** Where the kubelet runs a command or attaches. Follows: checklist 1.15.1. */
export function streamTarget(caches: WatchCaches, info: RequestInfo, search: URLSearchParams): UpstreamTarget {
  const pod = podOf(caches, info);
  const container = containerOf(pod, search.get('container'));
  const query = new URLSearchParams();
  const tty = isOn(search.get('tty'));
  for (const [given, wanted] of [
    ['stdin', 'input'],
    ['stdout', 'output'],
    ['stderr', 'error'],
  ] as const) {
    if (isOn(search.get(given)) && !(tty && wanted === 'error')) query.set(wanted, '1');
  }
  if ([...query].length === 0) throw ApiError.badRequest('you must specify at least 1 of stdin, stdout, stderr');
  if (tty) query.set('tty', '1');
  const commands = search.getAll('command');
  if (info.subresource === 'exec' && commands.length === 0)
    throw ApiError.badRequest('you must specify at least one command for the container');
  for (const command of commands) query.append('command', command);
  return {
    scheme: 'https',
    ...kubeletAddress(caches, nodeOf(pod)),
    path: `${path(info.subresource, info.namespace, info.name, container)}?${query.toString()}`,
  };
}

/** Where the kubelet forwards ports. Follows: checklist 1.15.9. */
export function portForwardTarget(caches: WatchCaches, info: RequestInfo, search: URLSearchParams): UpstreamTarget {
  const pod = podOf(caches, info);
  const query = new URLSearchParams();
  for (const ports of search.getAll('ports')) for (const port of ports.split(',')) query.append('port', port);
  const text = query.toString();
  return {
    scheme: 'https',
    ...kubeletAddress(caches, nodeOf(pod)),
    path: `${path('portForward', info.namespace, info.name)}${text === '' ? '' : `?${text}`}`,
  };
}
