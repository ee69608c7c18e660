import type { Deployment, EndpointSlice, ReplicaSet, Service } from '@geobuk/api';
import { containers } from './describe-pod.js';
import { Page, selectorText, shownTime } from './page.js';

/** Follows: kubectl describe deployment. */
export function describeDeployment(deployment: Deployment, replicaSets: readonly ReplicaSet[]): string {
  const page = new Page();
  const { metadata, spec, status = {} } = deployment;
  page.head(deployment, true);
  page.line(0, 'CreationTimestamp:', shownTime(metadata.creationTimestamp));
  page.labels(deployment);
  page.line(0, 'Selector:', selectorText(spec?.selector));
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  page.line(
    0,
    'Replicas:',
    `${spec?.replicas ?? 1} desired | ${updatedReplicas} updated | ${replicas} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`,
  );
  page.line(0, 'StrategyType:', spec?.strategy?.type ?? 'RollingUpdate');
  page.line(0, 'MinReadySeconds:', String(spec?.minReadySeconds ?? 0));
  const { maxUnavailable, maxSurge } = spec?.strategy?.rollingUpdate ?? {};
  if (maxUnavailable !== undefined || maxSurge !== undefined) {
    page.line(0, 'RollingUpdateStrategy:', `${maxUnavailable ?? 0} max unavailable, ${maxSurge ?? 0} max surge`);
  }
  page.line(0, 'Pod Template:');
  page.map(1, 'Labels', spec?.template.metadata?.labels);
  containers(page, 'Containers', spec?.template.spec?.containers ?? [], [], 0);
  if ((status.conditions ?? []).length > 0) {
    page.line(0, 'Conditions:');
    page.line(1, 'Type', 'Status', 'Reason');
    page.line(1, '----', '------', '------');
    for (const { type, status: is, reason } of status.conditions ?? []) page.line(1, `${type} `, is, reason ?? '');
  }
  const shown = ({ metadata: { name }, spec: { replicas: wanted }, status: is }: ReplicaSet): string =>
    `${name ?? ''} (${is?.replicas ?? 0}/${wanted ?? 0} replicas created)`;
  const byAge = [...replicaSets].sort((a, b) => revisionOf(a) - revisionOf(b));
  const newest = byAge.at(-1);
  const old = byAge.slice(0, -1);
  page.line(0, 'OldReplicaSets:', old.length === 0 ? '<none>' : old.map(shown).join(', '));
  page.line(0, 'NewReplicaSet:', newest === undefined ? '<none>' : shown(newest));
  return page.text();
}

const revisionOf = ({ metadata }: ReplicaSet): number =>
  Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);

/** Follows: kubectl describe service. */
export function describeService(service: Service, slices: readonly EndpointSlice[]): string {
  const page = new Page();
  const { spec = {}, status } = service;
  page.head(service, true);
  page.labels(service);
  page.line(0, 'Selector:', selectorText(spec.selector === undefined ? undefined : { matchLabels: spec.selector }));
  page.line(0, 'Type:', spec.type ?? 'ClusterIP');
  if (spec.ipFamilyPolicy !== undefined) page.line(0, 'IP Family Policy:', spec.ipFamilyPolicy);
  if (spec.ipFamilies !== undefined) page.line(0, 'IP Families:', spec.ipFamilies.join(','));
  page.line(0, 'IP:', spec.clusterIP ?? '');
  page.line(0, 'IPs:', (spec.clusterIPs ?? []).join(','));
  if ((spec.externalIPs ?? []).length > 0) page.line(0, 'External IPs:', (spec.externalIPs ?? []).join(','));
  if (spec.externalName !== undefined) page.line(0, 'External Name:', spec.externalName);
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '');
  if (ingress.length > 0) page.line(0, 'LoadBalancer Ingress:', ingress.join(', '));
  for (const { name = '<unset>', port, protocol = 'TCP', targetPort, nodePort } of spec.ports ?? []) {
    page.line(0, 'Port:', name, `${port}/${protocol}`);
    page.line(0, 'TargetPort:', `${targetPort ?? port}/${protocol}`);
    if (nodePort !== undefined) page.line(0, 'NodePort:', name, `${nodePort}/${protocol}`);
    page.line(0, 'Endpoints:', endpointsText(slices, name === '<unset>' ? '' : name));
  }
  page.line(0, 'Session Affinity:', spec.sessionAffinity ?? 'None');
  if (spec.externalTrafficPolicy !== undefined) page.line(0, 'External Traffic Policy:', spec.externalTrafficPolicy);
  if (spec.internalTrafficPolicy !== undefined) page.line(0, 'Internal Traffic Policy:', spec.internalTrafficPolicy);
  return page.text();
}

function endpointsText(slices: readonly EndpointSlice[], portName: string): string {
  const all = slices.flatMap(({ endpoints = [], ports = [] }) => {
    const port = (ports ?? []).find(({ name = '' }) => name === portName)?.port;
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    return port === undefined ? [] : ready.flatMap(({ addresses }) => addresses.map((address) => `${address}:${port}`));
  });
  if (all.length <= 3) return all.join(',');
  return `${all.slice(0, 3).join(',')} + ${all.length - 3} more...`;
}
