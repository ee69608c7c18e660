import { fill, within, withinEach } from './fill.js';
import type { Container, EnvVar, LifecycleHandler, Probe, ResourceRequirements } from '../generated/types.js';

/** Follows: SetDefaults_Container and what it contains. */
export function defaultContainer<T extends Container>(container: T): T {
  let result = fill<Container>(container, {
    imagePullPolicy: pullPolicyOf(container.image ?? ''),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {},
  });
  result = withinEach(result, 'ports', (port) => fill(port, { protocol: 'TCP' }));
  result = withinEach(result, 'env', defaultEnvVar);
  result = within(result, 'livenessProbe', defaultProbe);
  result = within(result, 'readinessProbe', defaultProbe);
  result = within(result, 'startupProbe', defaultProbe);
  result = within(result, 'lifecycle', (lifecycle) =>
    within(within(lifecycle, 'postStart', defaultHandler), 'preStop', defaultHandler),
  );
  result = within(result, 'securityContext', (context) => fill(context, { procMount: 'Default' }));
  return result as T;
}

/** `Always` for an image without tag and digest, or tagged `latest`. */
export function pullPolicyOf(image: string): string {
  if (image === '') return 'IfNotPresent';
  const name = image.slice(image.lastIndexOf('/') + 1);
  if (name.includes('@')) return 'IfNotPresent';
  const colon = name.indexOf(':');
  return colon < 0 || name.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

const defaultEnvVar = (variable: EnvVar): EnvVar =>
  within(variable, 'valueFrom', (source) => within(source, 'fieldRef', (ref) => fill(ref, { apiVersion: 'v1' })));

function defaultProbe(probe: Probe): Probe {
  let result = fill(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  result = within(result, 'httpGet', (get) => fill(get, { path: '/', scheme: 'HTTP' }));
  return within(result, 'grpc', (grpc) => fill(grpc, { service: '' }));
}

const defaultHandler = (handler: LifecycleHandler): LifecycleHandler =>
  within(handler, 'httpGet', (get) => fill(get, { path: '/', scheme: 'HTTP' }));

/** What is limited and not requested is requested as much as it is limited. Of pods only, not of templates. */
export function requestsFromLimits(resources: ResourceRequirements): ResourceRequirements {
  const { limits } = resources;
  if (limits === undefined || Object.keys(limits).length === 0) return resources;
  const requests = fill<Record<string, string>>(resources.requests ?? {}, limits);
  return requests === resources.requests ? resources : { ...resources, requests };
}
