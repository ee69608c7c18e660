import type { ObjectKey, Pod } from '@geobuk/api';
import { formatKey } from '@geobuk/api';

/** The claims a pod mounts, those of its ephemeral volumes included. */
export const claimsOfPod = (pod: Pod): readonly ObjectKey[] =>
  (pod.spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim =
      persistentVolumeClaim?.claimName ?? (ephemeral === undefined ? undefined : `${pod.metadata.name ?? ''}-${name}`);
    return claim === undefined ? [] : [{ namespace: pod.metadata.namespace, name: claim }];
  });

/** Index function: files a pod under the claims it mounts, by `namespace/name`. */
export const byClaim = (pod: Pod): readonly string[] => claimsOfPod(pod).map(formatKey);

export const claimIndex = 'claim';
