import { configMaps, persistentVolumeClaims, secrets } from '@geobuk/api';
import type { Pod, ResourceType } from '@geobuk/api';
import { allContainersOf } from './pod-containers.js';
import type { Reference } from './referenced-objects.js';

/** ConfigMaps, Secrets and claims that a pod names, each once. */
export function referencesOf(pod: Pod): readonly Reference[] {
  const namespace = pod.metadata.namespace ?? '';
  const found = new Map<string, Reference>();
  const add = (type: ResourceType, name: string | undefined): void => {
    if (name === undefined || name === '') return;
    found.set(`${type.plural}/${name}`, { type, key: { namespace, name } });
  };
  const configMap = (name: string | undefined): void => add(configMaps as ResourceType, name);
  const secret = (name: string | undefined): void => add(secrets as ResourceType, name);

  for (const { spec } of allContainersOf(pod)) {
    for (const { configMapRef, secretRef } of spec.envFrom ?? []) {
      configMap(configMapRef?.name);
      secret(secretRef?.name);
    }
    for (const { valueFrom } of spec.env ?? []) {
      configMap(valueFrom?.configMapKeyRef?.name);
      secret(valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of pod.spec.volumes ?? []) {
    configMap(volume.configMap?.name);
    secret(volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      configMap(source.configMap?.name);
      secret(source.secret?.name);
    }
    add(persistentVolumeClaims as ResourceType, claimOf(pod, volume));
  }
  for (const { name } of pod.spec.imagePullSecrets ?? []) secret(name);
  return [...found.values()];
}

/** The claim behind a volume; an ephemeral one bears the pod's name. */
export const claimOf = (pod: Pod, volume: NonNullable<Pod['spec']['volumes']>[number]): string | undefined =>
  volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${pod.metadata.name}-${volume.name}`;
