import { checkLabelSelector, checkName, checkNotNegative, checkOneOf, checkOptionalOneOf } from './rules.js';
import { checkRelative, validateContainer } from './container.js';
import { configKey } from './rules.js';
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../names/name-rules.js';
import { duplicate, forbidden, invalid, notFound, notSupported, required } from '../fields/field-error.js';
import { isIP } from 'node:net';
import { validateLabels } from './metadata.js';
import type {
  Container,
  PodSpec,
  PodTemplateSpec,
  Toleration,
  TopologySpreadConstraint,
  Volume,
} from '../generated/types.js';
import type { ContainerScope } from './container.js';
import type { FieldError } from '../status.js';

const maxDeadline = 2 ** 31 - 1;

/** Follows: ValidatePodSpec. */
export function validatePodSpec(spec: PodSpec | undefined, path = 'spec'): readonly FieldError[] {
  if (spec === undefined) return [required(`${path}.containers`)];
  const errors: FieldError[] = [];
  const volumes = spec.volumes ?? [];
  errors.push(...validateVolumes(volumes, `${path}.volumes`));
  const scope: ContainerScope = {
    volumeNames: new Set(volumes.map(({ name }) => name)),
    hostNetwork: spec.hostNetwork === true,
  };
  errors.push(...validateContainers(spec, path, scope));
  errors.push(
    ...checkOneOf(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], `${path}.restartPolicy`),
    ...checkOneOf(spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], `${path}.dnsPolicy`),
    ...checkNotNegative(spec.terminationGracePeriodSeconds, `${path}.terminationGracePeriodSeconds`),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...validateSpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...checkOptionalOneOf(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], `${path}.preemptionPolicy`),
  );
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > maxDeadline)) {
    errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, `must be between 1 and ${maxDeadline}, inclusive`));
  }
  for (const field of ['serviceAccountName', 'nodeName', 'runtimeClassName', 'priorityClassName'] as const) {
    const name = spec[field];
    if (name) errors.push(...dns1123Subdomain(name).map((text) => invalid(`${path}.${field}`, name, text)));
  }
  if (spec.hostname)
    errors.push(...dns1123Label(spec.hostname).map((text) => invalid(`${path}.hostname`, spec.hostname, text)));
  if (spec.subdomain) {
    errors.push(...dns1123Label(spec.subdomain).map((text) => invalid(`${path}.subdomain`, spec.subdomain, text)));
  }
  (spec.hostAliases ?? []).forEach(({ ip }, index) => {
    if (isIP(ip) === 0) {
      errors.push(
        invalid(
          `${path}.hostAliases[${index}].ip`,
          ip,
          'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ),
      );
    }
  });
  if (spec.dnsPolicy === 'None' && (spec.dnsConfig?.nameservers?.length ?? 0) === 0) {
    errors.push(
      required(`${path}.dnsConfig.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'),
    );
  }
  (spec.schedulingGates ?? []).forEach(({ name }, index) => {
    errors.push(...qualifiedName(name).map((text) => invalid(`${path}.schedulingGates[${index}]`, name, text)));
  });
  return errors;
}

const notForEphemeral = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
] as const;

function validateContainers(spec: PodSpec, path: string, scope: ContainerScope): readonly FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const checkUnique = (container: { readonly name: string }, at: string): void => {
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
  };
  if ((spec.containers?.length ?? 0) === 0) errors.push(required(`${path}.containers`));
  (spec.containers ?? []).forEach((container, index) => {
    const at = `${path}.containers[${index}]`;
    errors.push(...validateContainer(container, at, scope));
    checkUnique(container, at);
  });
  (spec.initContainers ?? []).forEach((container, index) => {
    const at = `${path}.initContainers[${index}]`;
    errors.push(...validateContainer(container, at, scope), ...validateInitContainer(container, at));
    checkUnique(container, at);
  });
  (spec.ephemeralContainers ?? []).forEach((container, index) => {
    const at = `${path}.ephemeralContainers[${index}]`;
    errors.push(...validateContainer(container, at, scope));
    checkUnique(container, at);
    for (const field of notForEphemeral) {
      const value = container[field] as object | readonly unknown[] | undefined;
      if (value !== undefined && Object.keys(value).length > 0)
        errors.push(forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
    }
    const target = container.targetContainerName;
    if (target && ![...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(({ name }) => name === target)) {
      errors.push(notFound(`${at}.targetContainerName`, target));
    }
  });
  return [...errors, ...hostPortConflicts(spec, path)];
}

function validateInitContainer(container: Container, at: string): readonly FieldError[] {
  if (container.restartPolicy === 'Always') return [];
  const errors: FieldError[] = [];
  if (container.restartPolicy !== undefined && container.restartPolicyRules === undefined) {
    errors.push(notSupported(`${at}.restartPolicy`, container.restartPolicy, ['Always']));
  }
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    if (container[field] !== undefined) {
      errors.push(forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always'));
    }
  }
  return errors;
}

function hostPortConflicts(spec: PodSpec, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const taken = new Set<string>();
  (spec.containers ?? []).forEach((container, index) => {
    (container.ports ?? []).forEach(({ hostPort, hostIP = '', protocol = 'TCP' }, portIndex) => {
      if (!hostPort) return;
      const claim = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(claim)) errors.push(duplicate(`${path}.containers[${index}].ports[${portIndex}].hostPort`, claim));
      taken.add(claim);
    });
  });
  return errors;
}

function validateVolumes(volumes: readonly Volume[], path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  volumes.forEach((volume, index) => {
    const at = `${path}[${index}]`;
    const problems = checkName(volume.name, dns1123Label, `${at}.name`);
    errors.push(...problems);
    if (problems.length === 0 && names.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
    names.add(volume.name);
    errors.push(...validateVolumeSource(volume, at));
  });
  return errors;
}

function validateVolumeSource(volume: Volume, at: string): readonly FieldError[] {
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key as keyof Volume] !== undefined);
  const errors: FieldError[] = sources
    .slice(1)
    .map((source) => forbidden(`${at}.${source}`, 'may not specify more than 1 volume type'));
  if (sources.length === 0) errors.push(required(at, 'must specify a volume type'));
  if (volume.hostPath !== undefined) {
    if (!volume.hostPath.path) errors.push(required(`${at}.hostPath.path`));
    else if (volume.hostPath.path.split('/').includes('..')) {
      errors.push(invalid(`${at}.hostPath.path`, volume.hostPath.path, "must not contain '..'"));
    }
  }
  if (volume.secret !== undefined) {
    if (!volume.secret.secretName) errors.push(required(`${at}.secret.secretName`));
    errors.push(...validateItems(volume.secret.items ?? [], `${at}.secret.items`));
    errors.push(...checkMode(volume.secret.defaultMode, `${at}.secret.defaultMode`));
  }
  if (volume.configMap !== undefined) {
    if (!volume.configMap.name) errors.push(required(`${at}.configMap.name`));
    errors.push(...validateItems(volume.configMap.items ?? [], `${at}.configMap.items`));
    errors.push(...checkMode(volume.configMap.defaultMode, `${at}.configMap.defaultMode`));
  }
  if (volume.persistentVolumeClaim !== undefined && !volume.persistentVolumeClaim.claimName) {
    errors.push(required(`${at}.persistentVolumeClaim.claimName`));
  }
  if (volume.csi !== undefined && !volume.csi.driver) errors.push(required(`${at}.csi.driver`));
  if (volume.nfs !== undefined) {
    if (!volume.nfs.server) errors.push(required(`${at}.nfs.server`));
    if (!volume.nfs.path) errors.push(required(`${at}.nfs.path`));
  }
  return errors;
}

function validateItems(
  items: readonly { readonly key: string; readonly path: string; readonly mode?: number | undefined }[],
  path: string,
): readonly FieldError[] {
  return items.flatMap((item, index) => [
    ...checkName(item.key, configKey, `${path}[${index}].key`),
    ...(item.path ? checkRelative(item.path, `${path}[${index}].path`) : [required(`${path}[${index}].path`)]),
    ...checkMode(item.mode, `${path}[${index}].mode`),
  ]);
}

const checkMode = (mode: number | undefined, field: string): readonly FieldError[] =>
  mode !== undefined && (mode < 0 || mode > 0o777)
    ? [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Follows: ValidateTolerations. */
export function validateTolerations(tolerations: readonly Toleration[], path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  tolerations.forEach((toleration, index) => {
    const at = `${path}[${index}]`;
    const { key, operator = 'Equal', value, effect, tolerationSeconds } = toleration;
    if (key) errors.push(...qualifiedName(key).map((text) => invalid(`${at}.key`, key, text)));
    else if (operator !== 'Exists') {
      errors.push(
        invalid(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.push(invalid(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === 'Equal') {
      errors.push(...labelValue(value ?? '').map((text) => invalid(`${at}.operator`, value, text)));
    } else if (operator === 'Exists') {
      if (value) errors.push(invalid(`${at}.operator`, toleration, "value must be empty when `operator` is 'Exists'"));
    } else errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
    if (effect) errors.push(...checkOptionalOneOf(effect, effects, `${at}.effect`));
  });
  return errors;
}

function validateSpread(constraints: readonly TopologySpreadConstraint[], path: string): readonly FieldError[] {
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    return [
      ...(constraint.maxSkew > 0 ? [] : [invalid(`${at}.maxSkew`, constraint.maxSkew, 'must be greater than zero')]),
      ...(constraint.topologyKey ? [] : [required(`${at}.topologyKey`, 'can not be empty')]),
      ...checkOneOf(constraint.whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'], `${at}.whenUnsatisfiable`),
      ...checkLabelSelector(constraint.labelSelector, `${at}.labelSelector`),
    ];
  });
}

/** Follows: ValidatePodTemplateSpec. */
export function validatePodTemplate(template: PodTemplateSpec | undefined, path: string): readonly FieldError[] {
  const errors: FieldError[] = [
    ...validateLabels(template?.metadata?.labels, `${path}.metadata.labels`),
    ...validatePodSpec(template?.spec, `${path}.spec`),
  ];
  if ((template?.spec?.ephemeralContainers?.length ?? 0) > 0) {
    errors.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  }
  return errors;
}
