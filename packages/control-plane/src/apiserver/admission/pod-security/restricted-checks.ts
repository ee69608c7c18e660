import { containersOf, named, quoted, violation } from './pod-security-check.js';
import type { Check } from './pod-security-check.js';

export const allowPrivilegeEscalation: Check = (pod) => {
  const bad = containersOf(pod)
    .filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false)
    .map(({ name }) => name);
  if (bad.length === 0) return undefined;
  return violation(
    'allowPrivilegeEscalation != false',
    `${named('container', bad)} must set securityContext.allowPrivilegeEscalation=false`,
  );
};

export const restrictedCapabilities: Check = (pod) => {
  const added = new Set<string>();
  const keeping: string[] = [];
  const adding: string[] = [];
  for (const { name, securityContext } of containersOf(pod)) {
    const { add = [], drop = [] } = securityContext?.capabilities ?? {};
    if (!drop.includes('ALL')) keeping.push(name);
    const bad = add.filter((one) => one !== 'NET_BIND_SERVICE');
    for (const one of bad) added.add(one);
    if (bad.length > 0) adding.push(name);
  }
  const details = [
    ...(keeping.length === 0
      ? []
      : [`${named('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`]),
    ...(adding.length === 0
      ? []
      : [
          `${named('container', adding)} must not include ${quoted([...added].sort())} in securityContext.capabilities.add`,
        ]),
  ];
  return details.length === 0 ? undefined : violation('unrestricted capabilities', details.join('; '));
};

const volumeTypes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

export const restrictedVolumes: Check = ({ spec }) => {
  const types = new Set<string>();
  const bad: string[] = [];
  for (const volume of spec.volumes ?? []) {
    const type = Object.entries(volume).find(([key, value]) => key !== 'name' && value !== undefined)?.[0];
    if (type === undefined || volumeTypes.has(type)) continue;
    types.add(type);
    bad.push(volume.name);
  }
  if (bad.length === 0) return undefined;
  return violation(
    'restricted volume types',
    `${named('volume', bad)} ${bad.length === 1 ? 'uses' : 'use'} restricted volume type${types.size === 1 ? '' : 's'} ${quoted([...types].sort())}`,
  );
};

export const runAsNonRoot: Check = (pod) => {
  const ofPod = pod.spec.securityContext?.runAsNonRoot;
  const containers = containersOf(pod);
  const rooted = containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === false);
  const silent = containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  const details: string[] = [];
  if (ofPod === false) details.push('pod must not set securityContext.runAsNonRoot=false');
  if (rooted.length > 0) {
    details.push(
      `${named(
        'container',
        rooted.map(({ name }) => name),
      )} must not set securityContext.runAsNonRoot=false`,
    );
  }
  if (details.length === 0 && ofPod === undefined && silent.length > 0) {
    const names = silent.map(({ name }) => name);
    details.push(`pod or ${named('container', names)} must set securityContext.runAsNonRoot=true`);
  }
  return details.length === 0 ? undefined : violation('runAsNonRoot != true', details.join(' and '));
};

export const runAsUser: Check = (pod) => {
  const podDoes = pod.spec.securityContext?.runAsUser === 0;
  const bad = containersOf(pod)
    .filter(({ securityContext }) => securityContext?.runAsUser === 0)
    .map(({ name }) => name);
  if (!podDoes && bad.length === 0) return undefined;
  const whose = [...(podDoes ? ['pod'] : []), ...(bad.length > 0 ? [named('container', bad)] : [])].join(' and ');
  return violation('runAsUser=0', `${whose} must not set runAsUser=0`);
};

const confined = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost';

export const restrictedSeccomp: Check = (pod) => {
  const ofPod = pod.spec.securityContext?.seccompProfile?.type;
  const containers = containersOf(pod);
  const typeOf = ({ securityContext }: (typeof containers)[number]) => securityContext?.seccompProfile?.type;
  const bad = containers.filter((container) => typeOf(container) !== undefined && !confined(typeOf(container)));
  const silent = containers.filter((container) => typeOf(container) === undefined);
  const names = (list: typeof containers) => list.map(({ name }) => name);
  const badPod = ofPod !== undefined && !confined(ofPod);
  const details: string[] = [];
  if (badPod || bad.length > 0) {
    const types = new Set([...(badPod ? [ofPod] : []), ...bad.map((one) => typeOf(one)!)]);
    const whose = [...(badPod ? ['pod'] : []), ...(bad.length > 0 ? [named('container', names(bad))] : [])];
    details.push(`${whose.join(' and ')} must not set securityContext.seccompProfile.type to ${quoted([...types])}`);
  }
  if (ofPod === undefined && silent.length > 0) {
    details.push(
      `pod or ${named('container', names(silent))} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
    );
  }
  return details.length === 0 ? undefined : violation('seccompProfile', details.join('; '));
};
