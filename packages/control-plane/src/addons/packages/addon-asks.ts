import type { KubernetesObject, PodSpec, PolicyRule } from '@geobuk/api';
import { podSpecOf } from '../pod-specs.js';

/** Something that an addon may only do when it is allowed by name. */
export interface AddonAsk {
  /** What `--allow` and `spec.source.allow` say. */
  readonly name: 'host' | 'privileged' | 'write' | 'secrets' | 'bind' | 'kinds' | 'admission' | 'elsewhere';
  /** For people: what exactly. */
  readonly text: string;
}

const readVerbs = new Set(['get', 'list', 'watch']);
const ownNamespace = 'kube-system';
const kinds = new Set(['CustomResourceDefinition', 'APIService']);
const admission = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
]);

/**
 * What the objects of an addon amount to beyond pods without privileges that read what is no secret. Pure; each kind of ask
 * once for each thing that makes it.
 */
export function asksOf(objects: readonly KubernetesObject[]): readonly AddonAsk[] {
  const asks = new Map<string, AddonAsk>();
  const add = (name: AddonAsk['name'], text: string): void => void asks.set(`${name} ${text}`, { name, text });
  const ownRoles = new Set(
    objects
      .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  );
  for (const object of objects) {
    const { kind = '', metadata } = object;
    const what = `${kind} ${metadata.name ?? ''}`;
    const { rules, roleRef } = object as KubernetesObject & {
      readonly rules?: readonly PolicyRule[];
      readonly roleRef?: { readonly kind: string; readonly name: string };
    };
    if (kind === 'ClusterRole' || kind === 'Role') for (const rule of rules ?? []) askOfRule(rule, add);
    if (roleRef !== undefined && !ownRoles.has(`${roleRef.kind} ${roleRef.name}`))
      add('bind', `have the rights of ${roleRef.kind} ${roleRef.name}`);
    if (kinds.has(kind)) add('kinds', `add to the API: ${what}`);
    if (admission.has(kind)) add('admission', `decide on what others write: ${what}`);
    if (metadata.namespace !== undefined && metadata.namespace !== ownNamespace)
      add('elsewhere', `bring ${what} into the namespace ${metadata.namespace}`);
    const pod = podSpecOf(object);
    if (pod !== undefined) askOfPod(pod, what, add);
  }
  return [...asks.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

type Add = (name: AddonAsk['name'], text: string) => void;

function askOfRule({ apiGroups = [], resources = [], verbs, nonResourceURLs = [] }: PolicyRule, add: Add): void {
  const things = resources.length > 0 ? resources.map((resource) => qualified(resource, apiGroups)) : nonResourceURLs;
  const writing = verbs.filter((verb) => !readVerbs.has(verb));
  if (writing.length > 0) add('write', `${writing.join(', ')} ${things.join(', ')}`);
  const core = apiGroups.includes('') || apiGroups.includes('*');
  if (core && resources.some((resource) => resource === '*' || /^secrets(\/|$)/.test(resource)))
    add('secrets', `read ${resources.includes('*') ? 'everything, Secrets too' : 'Secrets'}`);
}

const qualified = (resource: string, groups: readonly string[]): string => {
  const named = groups.filter((group) => group !== '');
  return named.length === 0 ? resource : `${resource}.${named.join('|')}`;
};

function askOfPod(pod: PodSpec, what: string, add: Add): void {
  if (pod.runtimeClassName === 'host') {
    add('host', `run as root on the nodes themselves: ${what}`);
    return; // everything else is contained in that
  }
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  const reasons = [
    ...(pod.hostNetwork === true ? ['the network of the node'] : []),
    ...(pod.hostPID === true || pod.hostIPC === true ? ['the processes of the node'] : []),
    ...(pod.volumes ?? []).flatMap(({ hostPath }) => (hostPath === undefined ? [] : [`the node's ${hostPath.path}`])),
    ...(containers.some(({ securityContext }) => securityContext?.privileged === true)
      ? ['privileged containers']
      : []),
    ...containers.flatMap(({ securityContext }) => securityContext?.capabilities?.add ?? []),
  ];
  if (reasons.length > 0) add('privileged', `${what} with ${[...new Set(reasons)].join(', ')}`);
}

/** Those that are not allowed. */
export const asksBeyond = (asks: readonly AddonAsk[], allowed: readonly string[] = []): readonly AddonAsk[] =>
  asks.filter(({ name }) => !allowed.includes(name));

/** `host (run as root …), write (create pods)`. */
export const asksText = (asks: readonly AddonAsk[]): string =>
  asks.map(({ name, text }) => `${name} (${text})`).join(', ');
