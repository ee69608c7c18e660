import {
  checkName,
  checkNotNegative,
  checkOneOf,
  checkOptionalOneOf,
  checkPort,
  isPort,
  portName,
  portRange,
} from './rules.js';
import { compareQuantities, parseQuantity, quantityProblem } from '../quantity/quantity.js';
import { dns1123Label, qualifiedName } from '../names/name-rules.js';
import { duplicate, forbidden, invalid, notFound, notSupported, required } from '../fields/field-error.js';
import type {
  Container,
  ContainerPort,
  EnvVar,
  LifecycleHandler,
  Probe,
  ResourceRequirements,
  VolumeMount,
} from '../generated/types.js';
import type { FieldError } from '../status.js';

/** What a container is checked against. */
export interface ContainerScope {
  readonly volumeNames: ReadonlySet<string>;
  readonly hostNetwork: boolean;
}

/** Follows: validateContainerCommon. */
export function validateContainer(container: Container, path: string, scope: ContainerScope): readonly FieldError[] {
  const errors: FieldError[] = [...checkName(container.name, dns1123Label, `${path}.name`)];
  const image = container.image ?? '';
  if (image === '') errors.push(required(`${path}.image`));
  else if (image.trim() !== image) {
    errors.push(invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'));
  }
  errors.push(
    ...checkOneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], `${path}.imagePullPolicy`),
    ...checkOneOf(
      container.terminationMessagePolicy,
      ['File', 'FallbackToLogsOnError'],
      `${path}.terminationMessagePolicy`,
    ),
    ...validatePorts(container.ports ?? [], `${path}.ports`, scope),
    ...validateEnv(container.env ?? [], `${path}.env`),
    ...validateMounts(container.volumeMounts ?? [], `${path}.volumeMounts`, scope),
    ...validateResources(container.resources, `${path}.resources`),
    ...validateProbe(container.livenessProbe, `${path}.livenessProbe`, true),
    ...validateProbe(container.readinessProbe, `${path}.readinessProbe`, false),
    ...validateProbe(container.startupProbe, `${path}.startupProbe`, true),
    ...validateHandler(container.lifecycle?.postStart, `${path}.lifecycle.postStart`),
    ...validateHandler(container.lifecycle?.preStop, `${path}.lifecycle.preStop`),
  );
  (container.envFrom ?? []).forEach((source, index) => {
    const at = `${path}.envFrom[${index}]`;
    const given = [source.configMapRef, source.secretRef].filter((ref) => ref !== undefined);
    if (given.length === 0) errors.push(invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (given.length > 1) errors.push(invalid(at, '', 'may not have more than one field specified at a time'));
    if (source.configMapRef !== undefined && !source.configMapRef.name)
      errors.push(required(`${at}.configMapRef.name`));
    if (source.secretRef !== undefined && !source.secretRef.name) errors.push(required(`${at}.secretRef.name`));
  });
  return errors;
}

function validatePorts(
  ports: readonly ContainerPort[],
  path: string,
  { hostNetwork }: ContainerScope,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = `${path}[${index}]`;
    if (port.name) {
      const problems = portName(port.name);
      errors.push(...problems.map((text) => invalid(`${at}.name`, port.name, text)));
      if (problems.length === 0 && names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else if (!isPort(port.containerPort)) errors.push(invalid(`${at}.containerPort`, port.containerPort, portRange));
    if (port.hostPort && !isPort(port.hostPort)) errors.push(invalid(`${at}.hostPort`, port.hostPort, portRange));
    if (hostNetwork && port.hostPort && port.hostPort !== port.containerPort) {
      errors.push(invalid(`${at}.hostPort`, port.hostPort, 'must match `containerPort` when `hostNetwork` is true'));
    }
    errors.push(...checkOneOf(port.protocol, ['TCP', 'UDP', 'SCTP'], `${at}.protocol`));
  });
  return errors;
}

const printableAscii = /^[ -<>-~]+$/;

function validateEnv(variables: readonly EnvVar[], path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  variables.forEach((variable, index) => {
    const at = `${path}[${index}]`;
    if (!variable.name) errors.push(required(`${at}.name`));
    else if (!printableAscii.test(variable.name)) {
      const text = "a valid environment variable name must consist only of printable ASCII characters other than '='";
      errors.push(invalid(`${at}.name`, variable.name, text));
    }
    const source = variable.valueFrom;
    if (source === undefined) return;
    if (variable.value) errors.push(invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'));
    const given = Object.values(source).filter((part) => part !== undefined).length;
    if (given === 0) {
      const text =
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
      errors.push(invalid(`${at}.valueFrom`, '', text));
    }
    if (given > 1) errors.push(invalid(`${at}.valueFrom`, '', 'may not have more than one field specified at a time'));
    if (source.fieldRef !== undefined && !source.fieldRef.fieldPath) {
      errors.push(required(`${at}.valueFrom.fieldRef.fieldPath`));
    }
    for (const kind of ['configMapKeyRef', 'secretKeyRef'] as const) {
      const ref = source[kind];
      if (ref === undefined) continue;
      if (!ref.name) errors.push(required(`${at}.valueFrom.${kind}.name`));
      if (!ref.key) errors.push(required(`${at}.valueFrom.${kind}.key`));
    }
  });
  return errors;
}

function validateMounts(
  mounts: readonly VolumeMount[],
  path: string,
  { volumeNames }: ContainerScope,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  mounts.forEach((mount, index) => {
    const at = `${path}[${index}]`;
    if (!mount.name) errors.push(required(`${at}.name`));
    else if (!volumeNames.has(mount.name)) errors.push(notFound(`${at}.name`, mount.name));
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
    if (paths.has(mount.mountPath)) errors.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    paths.add(mount.mountPath);
    if (mount.subPath) errors.push(...checkRelative(mount.subPath, `${at}.subPath`));
    if (mount.subPathExpr) {
      if (mount.subPath) {
        errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
      }
      errors.push(...checkRelative(mount.subPathExpr, `${at}.subPathExpr`));
    }
    errors.push(
      ...checkOptionalOneOf(
        mount.mountPropagation,
        ['None', 'HostToContainer', 'Bidirectional'],
        `${at}.mountPropagation`,
      ),
    );
  });
  return errors;
}

/** A path that stays below where it is put. */
export function checkRelative(value: string, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (value.startsWith('/')) errors.push(invalid(field, value, 'must be a relative path'));
  if (value.split('/').includes('..')) errors.push(invalid(field, value, "must not contain '..'"));
  return errors;
}

const standardResources = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** Follows: ValidateResourceRequirements. */
export function validateResources(resources: ResourceRequirements | undefined, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const limits = resources?.limits ?? {};
  for (const [name, amount] of Object.entries(limits)) errors.push(...checkAmount(name, amount, `${path}.limits`));
  for (const [name, amount] of Object.entries(resources?.requests ?? {})) {
    errors.push(...checkAmount(name, amount, `${path}.requests`));
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (limit === undefined || limit === amount) continue;
    if (quantityProblem(amount) !== undefined || quantityProblem(limit) !== undefined) continue;
    if (compareQuantities(amount, limit) > 0) {
      errors.push(invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
  return errors;
}

/** Nearly all amounts: right without any arithmetic. */
const plainAmount = /^[0-9]{1,15}(m|[kMGTPE]|[KMGTPE]i)?$/;

function checkAmount(name: string, amount: string, path: string): readonly FieldError[] {
  const field = `${path}[${name}]`;
  const errors = qualifiedName(name).map((text) => invalid(field, name, text));
  if (!name.includes('/') && !standardResources.has(name) && !name.startsWith('hugepages-')) {
    errors.push(invalid(field, name, 'must be a standard resource for containers'));
  }
  if (plainAmount.test(amount)) return errors;
  const problem = quantityProblem(amount);
  if (problem !== undefined) errors.push(invalid(field, amount, problem));
  else if (parseQuantity(amount).nanos < 0n) errors.push(invalid(field, amount, 'must be greater than or equal to 0'));
  return errors;
}

function validateProbe(probe: Probe | undefined, path: string, onceIsEnough: boolean): readonly FieldError[] {
  if (probe === undefined) return [];
  const errors: FieldError[] = [...validateHandler(probe, path)];
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    errors.push(...checkNotNegative(probe[field], `${path}.${field}`));
  }
  if (onceIsEnough && probe.successThreshold !== 1) {
    errors.push(invalid(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  }
  return errors;
}

function validateHandler(handler: LifecycleHandler | Probe | undefined, path: string): readonly FieldError[] {
  if (handler === undefined) return [];
  const { exec, httpGet, tcpSocket } = handler;
  const grpc = 'grpc' in handler ? handler.grpc : undefined;
  const sleep = 'sleep' in handler ? handler.sleep : undefined;
  const given = Object.entries({ exec, httpGet, tcpSocket, grpc, sleep }).filter(([, part]) => part !== undefined);
  const errors: FieldError[] = given
    .slice(1)
    .map(([name]) => forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'));
  if (given.length === 0) errors.push(required(path, 'must specify a handler type'));
  if (exec !== undefined && (exec.command?.length ?? 0) === 0) errors.push(required(`${path}.exec.command`));
  if (httpGet !== undefined) {
    if (!httpGet.path) errors.push(required(`${path}.httpGet.path`));
    errors.push(...checkPort(httpGet.port, `${path}.httpGet.port`));
    if (httpGet.scheme !== 'HTTP' && httpGet.scheme !== 'HTTPS') {
      errors.push(notSupported(`${path}.httpGet.scheme`, httpGet.scheme, ['HTTP', 'HTTPS']));
    }
  }
  if (tcpSocket !== undefined) errors.push(...checkPort(tcpSocket.port, `${path}.tcpSocket.port`));
  if (grpc !== undefined && !isPort(grpc.port)) errors.push(invalid(`${path}.grpc.port`, grpc.port, portRange));
  return errors;
}
