import type { Pod } from '@geobuk/api';

/** One object a pod needs, and what for. */
export interface Relation {
  readonly plural: string;
  readonly name: string;
  readonly why: string;
  readonly optional: boolean;
}

/** Everything a pod refers to by name. */
export function relationsOfPod({ spec }: Pod): readonly Relation[] {
  const found: Relation[] = [];
  const add = (plural: string, name: string | undefined, why: string, optional = false): void => {
    if (name !== undefined && name !== '' && !found.some((one) => one.plural === plural && one.name === name)) {
      found.push({ plural, name, why, optional });
    }
  };
  add('serviceaccounts', spec.serviceAccountName, 'identity');
  add('priorityclasses', spec.priorityClassName, 'priority');
  add('nodes', spec.nodeName, 'runs there');
  for (const volume of spec.volumes ?? []) {
    add('configmaps', volume.configMap?.name, `volume ${volume.name}`, volume.configMap?.optional ?? false);
    add('secrets', volume.secret?.secretName, `volume ${volume.name}`, volume.secret?.optional ?? false);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName, `volume ${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      add('configmaps', source.configMap?.name, `volume ${volume.name}`, source.configMap?.optional ?? false);
      add('secrets', source.secret?.name, `volume ${volume.name}`, source.secret?.optional ?? false);
    }
  }
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('configmaps', configMapRef?.name, `variables of ${container.name}`, configMapRef?.optional ?? false);
      add('secrets', secretRef?.name, `variables of ${container.name}`, secretRef?.optional ?? false);
    }
    for (const { name, valueFrom } of container.env ?? []) {
      add(
        'configmaps',
        valueFrom?.configMapKeyRef?.name,
        `variable ${name}`,
        valueFrom?.configMapKeyRef?.optional ?? false,
      );
      add('secrets', valueFrom?.secretKeyRef?.name, `variable ${name}`, valueFrom?.secretKeyRef?.optional ?? false);
    }
  }
  for (const { name } of spec.imagePullSecrets ?? []) add('secrets', name, 'image pull');
  return found;
}
