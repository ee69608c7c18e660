import { defaultContainer, requestsFromLimits } from './container.js';
import { defaultVolume } from './volume.js';
import { fill, within, withinEach } from './fill.js';
import type { Container, Pod, PodSpec, PodTemplateSpec } from '../generated/types.js';

/** Follows: SetDefaults_PodSpec: what pods and templates of pods have in common. */
export function defaultPodSpec(spec: PodSpec): PodSpec {
  // The older name of the field is kept in step for clients that know only that one.
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  let result = fill(spec, {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    ...(account === undefined ? {} : { serviceAccountName: account, serviceAccount: account }),
  });
  result = withinEach(result, 'containers', defaultContainer);
  result = withinEach(result, 'initContainers', defaultContainer);
  result = withinEach(result, 'ephemeralContainers', defaultContainer);
  return withinEach(result, 'volumes', defaultVolume);
}

export const defaultPodTemplate = (template: PodTemplateSpec): PodTemplateSpec =>
  within(template, 'spec', defaultPodSpec);

/** Follows: SetDefaults_Pod. */
export function defaultPod(pod: Pod): Pod {
  return within(pod, 'spec', (spec) => {
    let result = fill(defaultPodSpec(spec), { enableServiceLinks: true });
    const finish = (container: Container): Container => {
      const requested = within(container, 'resources', requestsFromLimits);
      return spec.hostNetwork === true ? withHostPorts(requested) : requested;
    };
    result = withinEach(result, 'containers', finish);
    return withinEach(result, 'initContainers', finish);
  });
}

/** On the host's network a port of the container is a port of the host. */
const withHostPorts = (container: Container): Container =>
  withinEach(container, 'ports', (port) => {
    const { hostPort } = port;
    return hostPort === undefined || hostPort === 0 ? { ...port, hostPort: port.containerPort } : port;
  });
