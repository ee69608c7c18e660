import type { Container, ContainerState, ContainerStatus, EnvVar, Pod, Probe, Volume } from '@geobuk/api';
import { podStatusText } from '@geobuk/api';
import { Page, capitalized, shownTime } from './page.js';

/** Follows: kubectl describe pod. */
export function describePod(pod: Pod): string {
  const page = new Page();
  const { metadata, spec, status = {} } = pod;
  page.head(pod, true);
  if (spec.priority !== undefined) page.line(0, 'Priority:', String(spec.priority));
  if (spec.priorityClassName !== undefined) page.line(0, 'Priority Class Name:', spec.priorityClassName);
  if (spec.runtimeClassName !== undefined) page.line(0, 'Runtime Class Name:', spec.runtimeClassName);
  page.line(0, 'Service Account:', spec.serviceAccountName ?? 'default');
  page.line(0, 'Node:', spec.nodeName === undefined ? '<none>' : `${spec.nodeName}/${status.hostIP ?? ''}`);
  if (status.startTime !== undefined) page.line(0, 'Start Time:', shownTime(status.startTime));
  page.labels(pod);
  if (metadata.deletionTimestamp === undefined)
    page.line(0, 'Status:', podStatusText(pod) === 'Terminating' ? 'Terminating' : (status.phase ?? ''));
  else {
    page.line(0, 'Status:', `Terminating (since ${shownTime(metadata.deletionTimestamp)})`);
    page.line(0, 'Termination Grace Period:', `${metadata.deletionGracePeriodSeconds ?? 0}s`);
  }
  if (status.reason !== undefined) page.line(0, 'Reason:', status.reason);
  if (status.message !== undefined) page.line(0, 'Message:', status.message);
  page.line(0, 'IP:', status.podIP ?? '');
  page.line(0, 'IPs:', ...((status.podIPs ?? []).length === 0 ? ['<none>'] : []));
  for (const { ip } of status.podIPs ?? []) page.line(1, 'IP:', ip ?? '');
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner !== undefined) page.line(0, 'Controlled By:', `${owner.kind}/${owner.name}`);
  if ((spec.initContainers ?? []).length > 0)
    containers(page, 'Init Containers', spec.initContainers ?? [], status.initContainerStatuses ?? []);
  containers(page, 'Containers', spec.containers, status.containerStatuses ?? []);
  if ((status.conditions ?? []).length > 0) {
    page.line(0, 'Conditions:');
    page.line(1, 'Type', 'Status ');
    for (const condition of status.conditions ?? []) page.line(1, condition.type, `${condition.status} `);
  }
  volumes(page, spec.volumes ?? []);
  page.line(0, 'QoS Class:', status.qosClass ?? '');
  page.map(0, 'Node-Selectors', spec.nodeSelector);
  page.values(0, 'Tolerations', (spec.tolerations ?? []).map(tolerationText));
  return page.text();
}

function tolerationText({
  key = '',
  value,
  effect,
  operator,
  tolerationSeconds,
}: NonNullable<Pod['spec']['tolerations']>[number]): string {
  const what = `${key}${value === undefined || value === '' ? '' : `=${value}`}${effect === undefined || effect === '' ? '' : `:${effect}`}`;
  const how = operator === 'Exists' ? ' op=Exists' : '';
  return `${what}${how}${tolerationSeconds === undefined ? '' : ` for ${tolerationSeconds}s`}`;
}

/** Also the pod template of a workload, which has no statuses. */
export function containers(
  page: Page,
  title: string,
  all: readonly Container[],
  statuses: readonly ContainerStatus[],
  depth = 0,
): void {
  page.line(depth, `${title}:`);
  for (const container of all) {
    const status = statuses.find(({ name }) => name === container.name);
    const inner = depth + 2;
    page.line(depth + 1, `${container.name}:`);
    if (status !== undefined) {
      page.line(inner, 'Container ID:', status.containerID ?? '');
    }
    page.line(inner, 'Image:', container.image ?? '');
    if (status !== undefined) page.line(inner, 'Image ID:', status.imageID ?? '');
    const ports = (container.ports ?? []).map(
      ({ containerPort, protocol = 'TCP', name }) =>
        `${containerPort}/${protocol}${name === undefined ? '' : ` (${name})`}`,
    );
    page.line(inner, ports.length > 1 ? 'Ports:' : 'Port:', ports.length === 0 ? '<none>' : ports.join(', '));
    const hostPorts = (container.ports ?? []).map(({ hostPort = 0, protocol = 'TCP' }) => `${hostPort}/${protocol}`);
    page.line(
      inner,
      hostPorts.length > 1 ? 'Host Ports:' : 'Host Port:',
      hostPorts.length === 0 ? '<none>' : hostPorts.join(', '),
    );
    list(page, inner, 'Command', container.command);
    list(page, inner, 'Args', container.args);
    if (status !== undefined) {
      state(page, inner, 'State', status.state);
      if (status.lastState !== undefined && Object.keys(status.lastState).length > 0)
        state(page, inner, 'Last State', status.lastState);
      page.line(inner, 'Ready:', capitalized(status.ready));
      page.line(inner, 'Restart Count:', String(status.restartCount));
    }
    amounts(page, inner, 'Limits', container.resources?.limits);
    amounts(page, inner, 'Requests', container.resources?.requests);
    for (const [name, probe] of [
      ['Liveness', container.livenessProbe],
      ['Readiness', container.readinessProbe],
      ['Startup', container.startupProbe],
    ] as const) {
      if (probe !== undefined) page.line(inner, `${name}:`, probeText(probe));
    }
    environment(page, inner, container);
    const mounts = (container.volumeMounts ?? []).map(
      ({ mountPath, name, readOnly, subPath }) =>
        `${mountPath} from ${name} (${readOnly === true ? 'ro' : 'rw'}${subPath === undefined ? '' : `,path="${subPath}"`})`,
    );
    page.line(inner, 'Mounts:', ...(mounts.length === 0 ? ['<none>'] : []));
    for (const mount of mounts.toSorted()) page.line(inner + 1, mount);
  }
}

function list(page: Page, depth: number, title: string, words: readonly string[] | undefined): void {
  if (words === undefined || words.length === 0) return;
  page.line(depth, `${title}:`);
  for (const word of words) for (const line of word.split('\n')) page.line(depth + 1, line);
}

function amounts(
  page: Page,
  depth: number,
  title: string,
  amount: Readonly<Record<string, unknown>> | undefined,
): void {
  if (amount === undefined || Object.keys(amount).length === 0) return;
  page.line(depth, `${title}:`);
  for (const [name, value] of Object.entries(amount)) page.line(depth + 1, `${name}:`, String(value));
}

function state(page: Page, depth: number, title: string, is: ContainerState | undefined): void {
  if (is?.running !== undefined) {
    page.line(depth, `${title}:`, 'Running');
    page.line(depth + 1, 'Started:', shownTime(is.running.startedAt));
  } else if (is?.terminated !== undefined) {
    const { reason, message, exitCode, signal, startedAt, finishedAt } = is.terminated;
    page.line(depth, `${title}:`, 'Terminated');
    if (reason !== undefined) page.line(depth + 1, 'Reason:', reason);
    if (message !== undefined && message !== '') page.line(depth + 1, 'Message:', message);
    page.line(depth + 1, 'Exit Code:', String(exitCode));
    if (signal !== undefined && signal > 0) page.line(depth + 1, 'Signal:', String(signal));
    page.line(depth + 1, 'Started:', shownTime(startedAt));
    page.line(depth + 1, 'Finished:', shownTime(finishedAt));
  } else {
    page.line(depth, `${title}:`, 'Waiting');
    if (is?.waiting?.reason !== undefined) page.line(depth + 1, 'Reason:', is.waiting.reason);
    if (is?.waiting?.message !== undefined) page.line(depth + 1, 'Message:', is.waiting.message);
  }
}

function probeText(probe: Probe): string {
  const {
    exec,
    httpGet,
    tcpSocket,
    grpc,
    initialDelaySeconds = 0,
    timeoutSeconds = 1,
    periodSeconds = 10,
    successThreshold = 1,
    failureThreshold = 3,
  } = probe;
  const times = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s #success=${successThreshold} #failure=${failureThreshold}`;
  if (exec !== undefined) return `exec [${(exec.command ?? []).join(' ')}] ${times}`;
  if (httpGet !== undefined)
    return `http-get ${(httpGet.scheme ?? 'HTTP').toLowerCase()}://${httpGet.host ?? ''}:${httpGet.port}${httpGet.path ?? '/'} ${times}`;
  if (tcpSocket !== undefined) return `tcp-socket ${tcpSocket.host ?? ''}:${tcpSocket.port} ${times}`;
  if (grpc !== undefined) return `grpc <pod>:${grpc.port} ${grpc.service ?? ''} ${times}`;
  return `unknown ${times}`;
}

function environment(page: Page, depth: number, { env = [], envFrom = [] }: Container): void {
  if (envFrom.length > 0) {
    page.line(depth, 'Environment Variables from:');
    for (const { configMapRef, secretRef } of envFrom) {
      const from = configMapRef ?? secretRef;
      page.line(
        depth + 1,
        from?.name ?? '',
        `${configMapRef === undefined ? 'Secret' : 'ConfigMap'}`,
        `Optional: ${String(from?.optional ?? false)}`,
      );
    }
  }
  page.line(depth, 'Environment:', ...(env.length === 0 ? ['<none>'] : []));
  for (const variable of env) page.line(depth + 1, `${variable.name}:`, variableText(variable));
}

function variableText({ value, valueFrom }: EnvVar): string {
  if (valueFrom === undefined) return value ?? '';
  const { fieldRef, configMapKeyRef, secretKeyRef, resourceFieldRef } = valueFrom;
  if (fieldRef !== undefined) return ` (${fieldRef.apiVersion ?? 'v1'}:${fieldRef.fieldPath})`;
  if (resourceFieldRef !== undefined) return ` (${resourceFieldRef.resource})`;
  if (configMapKeyRef !== undefined)
    return `<set to the key '${configMapKeyRef.key}' of config map '${configMapKeyRef.name ?? ''}'>  Optional: ${String(configMapKeyRef.optional ?? false)}`;
  return `<set to the key '${secretKeyRef?.key ?? ''}' in secret '${secretKeyRef?.name ?? ''}'>  Optional: ${String(secretKeyRef?.optional ?? false)}`;
}

export function volumes(page: Page, all: readonly Volume[]): void {
  if (all.length === 0) return;
  page.line(0, 'Volumes:');
  for (const { name, ...sources } of all) {
    page.line(1, `${name}:`);
    for (const [kind, source] of Object.entries(sources)) {
      if (source === undefined) continue;
      page.line(2, 'Type:', `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`);
      for (const [field, value] of Object.entries(source as Readonly<Record<string, unknown>>)) {
        if (typeof value !== 'object')
          page.line(2, `${field.slice(0, 1).toUpperCase()}${field.slice(1)}:`, String(value));
      }
    }
  }
}
