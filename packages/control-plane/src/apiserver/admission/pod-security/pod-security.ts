import { ApiError, deepEqual } from '@geobuk/api';
import type { FieldError, KubernetesObject, Namespace, Pod } from '@geobuk/api';
import type { WatchCaches } from '../../../watch-cache/watch-cache.js';
import { storePrefix, subjectOf } from '../../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.js';
import type { CheckedPod } from './pod-security-check.js';
import { modes, noPodSecurityConfig, versionForm } from './pod-security-config.js';
import type { Mode, PodSecurityConfig, Policy } from './pod-security-config.js';
import { isLevel, violations } from './pod-security-level.js';

const prefix = 'pod-security.kubernetes.io/';
const warnedPods = 3000;

/** Where a kind keeps the pod that it makes. */
const templates: Readonly<Record<string, readonly string[]>> = {
  '/replicationcontrollers': ['spec', 'template'],
  '/podtemplates': ['template'],
  'apps/deployments': ['spec', 'template'],
  'apps/replicasets': ['spec', 'template'],
  'apps/statefulsets': ['spec', 'template'],
  'apps/daemonsets': ['spec', 'template'],
  'batch/jobs': ['spec', 'template'],
  'batch/cronjobs': ['spec', 'jobTemplate', 'spec', 'template'],
};

interface Judge {
  readonly config: PodSecurityConfig;
  readonly namespace: KubernetesObject | undefined;
}

/** Follows: PodSecurity, checklist 2.10. */
export function podSecurity({
  caches,
  podSecurityConfig: config = noPodSecurityConfig,
}: {
  readonly caches: WatchCaches;
  readonly podSecurityConfig?: PodSecurityConfig | undefined;
}): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    async validate(object, request, old) {
      if (object === undefined) return;
      const { group, plural } = request.resource.type;
      if (group === '' && plural === 'namespaces') {
        if (request.subresource === '') await checkNamespace(caches, config, object, request, old);
        return;
      }
      const { namespace: name = '' } = request;
      const isPod = group === '' && plural === 'pods';
      if (!isPod && templates[`${group}/${plural}`] === undefined) return;
      const exempt = config.exemptions.namespaces.has(name)
        ? 'namespace'
        : config.exemptions.usernames.has(request.user.name)
          ? 'user'
          : undefined;
      if (exempt !== undefined) {
        request.annotate(`${prefix}exempt`, exempt);
        return;
      }
      const judge = { config, namespace: caches.cache(storePrefix('', 'namespaces')).get({ name })?.object };
      if (isPod) checkPod(judge, object as Pod, request, old as Pod | undefined);
      else checkTemplate(judge, object, request);
    },
  };
}

/** Of a namespace's labels; what is not set has the default, what cannot be read is strict. */
function policyOf({ config, namespace }: Judge, mode: Mode): Policy {
  const labels = namespace?.metadata.labels ?? {};
  const level = labels[`${prefix}${mode}`];
  const version = labels[`${prefix}${mode}-version`];
  const absent = config.defaults[mode];
  return {
    level: level === undefined ? absent.level : isLevel(level) ? level : 'restricted',
    version: version === undefined ? absent.version : versionForm.test(version) ? version : 'latest',
  };
}

const named = ({ level, version }: Policy): string => `"${level}:${version}"`;

function checkPod(judge: Judge, pod: Pod, request: AdmissionRequest, old: Pod | undefined): void {
  const { operation, subresource } = request;
  if (subresource !== '' && subresource !== 'ephemeralcontainers') return;
  // Only what can matter to the checks is looked at again.
  if (operation === 'UPDATE' && old !== undefined && deepEqual(old.spec, pod.spec)) return;
  if (isExemptClass(judge, pod, request)) return;
  const enforce = policyOf(judge, 'enforce');
  request.annotate(`${prefix}enforce-policy`, `${enforce.level}:${enforce.version}`);
  const refused = violations(enforce.level, pod, enforce.version);
  tellAudit(judge, pod, request);
  if (refused !== undefined) {
    throw ApiError.forbidden(
      subjectOf(request.resource),
      request.name,
      `violates PodSecurity ${named(enforce)}: ${refused}`,
    );
  }
  warn(judge, pod, request);
}

function isExemptClass({ config }: Judge, { spec }: CheckedPod, request: AdmissionRequest): boolean {
  if (spec.runtimeClassName === undefined || !config.exemptions.runtimeClasses.has(spec.runtimeClassName)) return false;
  request.annotate(`${prefix}exempt`, 'runtimeClass');
  return true;
}

function warn(judge: Judge, pod: CheckedPod, request: AdmissionRequest): void {
  const policy = policyOf(judge, 'warn');
  const found = violations(policy.level, pod, policy.version);
  if (found !== undefined) request.warn(`would violate PodSecurity ${named(policy)}: ${found}`);
}

function tellAudit(judge: Judge, pod: CheckedPod, request: AdmissionRequest): void {
  const policy = policyOf(judge, 'audit');
  const found = violations(policy.level, pod, policy.version);
  if (found !== undefined)
    request.annotate(`${prefix}audit-violations`, `would violate PodSecurity ${named(policy)}: ${found}`);
}

/** What makes pods is let in: its pods are refused later. It is said now, where somebody reads it. */
function checkTemplate(judge: Judge, object: KubernetesObject, request: AdmissionRequest): void {
  const { type } = request.resource;
  const path = templates[`${type.group}/${type.plural}`];
  if (path === undefined || request.subresource !== '') return;
  let found: unknown = object;
  for (const part of path) found = (found as Readonly<Record<string, unknown>> | undefined)?.[part];
  const template = found as CheckedPod | undefined;
  if (template?.spec === undefined) return;
  const pod = { spec: template.spec, metadata: template.metadata ?? {} };
  if (isExemptClass(judge, pod, request)) return;
  tellAudit(judge, pod, request);
  warn(judge, pod, request);
}

async function checkNamespace(
  caches: WatchCaches,
  config: PodSecurityConfig,
  object: KubernetesObject,
  request: AdmissionRequest,
  old: KubernetesObject | undefined,
): Promise<void> {
  const errors = labelErrors(object);
  if (errors.length > 0) {
    const isOld = old !== undefined && deepEqual(labelErrors(old), errors);
    if (!isOld) throw ApiError.invalid(subjectOf(request.resource), request.name, errors);
    for (const { field, message } of errors) request.warn(`${field}: ${message}`);
    return;
  }
  if (old === undefined || config.exemptions.namespaces.has(request.name)) return;
  const before = policyOf({ config, namespace: old }, 'enforce');
  const after = policyOf({ config, namespace: object }, 'enforce');
  if (after.level === 'privileged' || deepEqual(before, after)) return;
  const { items } = await caches
    .cache(storePrefix('', 'pods'))
    .list({ namespace: request.name, limit: warnedPods, signal: request.signal });
  const byText = new Map<string, string[]>();
  for (const item of items) {
    const text = violations(after.level, item.object as Pod, after.version);
    if (text === undefined) continue;
    const reasons = text.replaceAll(/ \((?:[^()"]|"[^"]*")*\)/g, '');
    const names = byText.get(reasons);
    if (names === undefined) byText.set(reasons, [item.name]);
    else names.push(item.name);
  }
  if (byText.size === 0) return;
  request.warn(
    `existing pods in namespace ${JSON.stringify(request.name)} violate the new PodSecurity enforce level ${named(after)}`,
  );
  for (const [reasons, [first = '', ...others]] of byText) {
    const more = others.length === 0 ? '' : ` (and ${others.length} other pod${others.length === 1 ? '' : 's'})`;
    request.warn(`${first}${more}: ${reasons}`);
  }
}

function labelErrors(namespace: KubernetesObject): readonly FieldError[] {
  const { labels = {} } = (namespace as Namespace).metadata;
  const errors: FieldError[] = [];
  const refuse = (key: string, value: string, why: string) =>
    errors.push({
      field: `metadata.labels[${key}]`,
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
    });
  for (const mode of modes) {
    const level = labels[`${prefix}${mode}`];
    const version = labels[`${prefix}${mode}-version`];
    if (level !== undefined && !isLevel(level))
      refuse(`${prefix}${mode}`, level, 'must be one of privileged, baseline, restricted');
    if (version !== undefined && !versionForm.test(version))
      refuse(`${prefix}${mode}-version`, version, 'must be "latest" or "v1.x"');
  }
  return errors;
}
