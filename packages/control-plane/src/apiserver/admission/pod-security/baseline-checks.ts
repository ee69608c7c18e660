import type { Container } from '@geobuk/api';
import { containersOf, named, quoted, setters, violation } from './pod-security-check.js';
import type { Check, CheckedPod } from './pod-security-check.js';

const namesWhere = (pod: CheckedPod, test: (container: Container) => boolean): readonly string[] =>
  containersOf(pod)
    .filter(test)
    .map(({ name }) => name);

const set = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

export const appArmorProfile: Check = (pod) => {
  const isBad = (type: string | undefined) => type === 'Unconfined';
  const podDoes = isBad(pod.spec.securityContext?.appArmorProfile?.type);
  const bad = namesWhere(pod, ({ securityContext }) => isBad(securityContext?.appArmorProfile?.type));
  const annotated = Object.entries(pod.metadata.annotations ?? {}).filter(
    ([key, value]) =>
      key.startsWith(appArmorAnnotation) &&
      value !== '' &&
      value !== 'runtime/default' &&
      !value.startsWith('localhost/'),
  );
  const details = [
    ...(podDoes || bad.length > 0
      ? [`${setters(podDoes, bad)} must not set AppArmor profile type to "Unconfined"`]
      : []),
    ...(annotated.length > 0
      ? [
          `${annotated.length === 1 ? 'annotation' : 'annotations'} ${annotated
            .map(([key, value]) => `"${key}"="${value}"`)
            .sort()
            .join(', ')}`,
        ]
      : []),
  ];
  const count = annotated.length + bad.length + (podDoes ? 1 : 0);
  if (details.length === 0) return undefined;
  return violation(count === 1 ? 'forbidden AppArmor profile' : 'forbidden AppArmor profiles', details.join(' and '));
};

const defaultCapabilities = set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT',
);

export const baselineCapabilities: Check = (pod) => {
  const bad = new Set<string>();
  const whose = namesWhere(pod, ({ securityContext }) => {
    const forbidden = (securityContext?.capabilities?.add ?? []).filter((name) => !defaultCapabilities.has(name));
    for (const name of forbidden) bad.add(name);
    return forbidden.length > 0;
  });
  if (whose.length === 0) return undefined;
  return violation(
    'non-default capabilities',
    `${named('container', whose)} must not include ${quoted([...bad].sort())} in securityContext.capabilities.add`,
  );
};

export const hostNamespaces: Check = ({ spec }) => {
  const found = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true);
  return found.length === 0 ? undefined : violation('host namespaces', found.map((name) => `${name}=true`).join(', '));
};

export const hostPathVolumes: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
  return bad.length === 0 ? undefined : violation('hostPath volumes', named('volume', bad));
};

export const hostPorts: Check = (pod) => {
  const ports = new Set<number>();
  const whose = namesWhere(pod, (container) => {
    const own = (container.ports ?? []).flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [hostPort]));
    for (const port of own) ports.add(port);
    return own.length > 0;
  });
  if (whose.length === 0) return undefined;
  const list = [...ports].map(String).sort().join(', ');
  return violation(
    'hostPort',
    `${named('container', whose)} ${whose.length === 1 ? 'uses' : 'use'} ${ports.size === 1 ? 'hostPort' : 'hostPorts'} ${list}`,
  );
};

export const hostProbes: Check = (pod) => {
  const hosts = new Set<string>();
  const whose = namesWhere(pod, (container) => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
    const acts = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
    const own = acts
      .flatMap((act) => [act?.httpGet?.host, act?.tcpSocket?.host])
      .filter((host) => host !== undefined && host !== '');
    for (const host of own) hosts.add(host!);
    return own.length > 0;
  });
  if (whose.length === 0) return undefined;
  return violation(
    'probe or lifecycle host',
    `${named('container', whose)} ${whose.length === 1 ? 'uses' : 'use'} probe or lifecycle host${hosts.size === 1 ? '' : 's'} ${quoted([...hosts].sort())}`,
  );
};

export const privileged: Check = (pod) => {
  const bad = namesWhere(pod, ({ securityContext }) => securityContext?.privileged === true);
  return bad.length === 0
    ? undefined
    : violation('privileged', `${named('container', bad)} must not set securityContext.privileged=true`);
};

export const procMount: Check = (pod) => {
  const values = new Set<string>();
  const bad = namesWhere(pod, ({ securityContext }) => {
    const value = securityContext?.procMount;
    if (value === undefined || value === 'Default') return false;
    values.add(value);
    return true;
  });
  if (bad.length === 0) return undefined;
  return violation(
    'procMount',
    `${named('container', bad)} must not set securityContext.procMount to ${quoted([...values])}`,
  );
};

const selinuxTypes = set('container_t container_init_t container_kvm_t container_engine_t');

export const seLinuxOptions: Check = (pod) => {
  const said = new Set<string>();
  const isBad = (
    options:
      | { readonly type?: string | undefined; readonly user?: string | undefined; readonly role?: string | undefined }
      | undefined,
  ) => {
    if (options === undefined) return false;
    const { type = '', user = '', role = '' } = options;
    const badType = type !== '' && !selinuxTypes.has(type);
    if (badType) said.add(`type ${JSON.stringify(type)}`);
    if (user !== '') said.add('user may not be set');
    if (role !== '') said.add('role may not be set');
    return badType || user !== '' || role !== '';
  };
  const podDoes = isBad(pod.spec.securityContext?.seLinuxOptions);
  const bad = namesWhere(pod, ({ securityContext }) => isBad(securityContext?.seLinuxOptions));
  if (!podDoes && bad.length === 0) return undefined;
  const verb = Number(podDoes) + bad.length === 1 ? 'sets' : 'set';
  return violation(
    'seLinuxOptions',
    `${setters(podDoes, bad)} ${verb} forbidden securityContext.seLinuxOptions: ${[...said].join('; ')}`,
  );
};

export const baselineSeccomp: Check = (pod) => {
  const isBad = (type: string | undefined) => type === 'Unconfined';
  const podDoes = isBad(pod.spec.securityContext?.seccompProfile?.type);
  const bad = namesWhere(pod, ({ securityContext }) => isBad(securityContext?.seccompProfile?.type));
  if (!podDoes && bad.length === 0) return undefined;
  return violation(
    'seccompProfile',
    `${setters(podDoes, bad)} must not set securityContext.seccompProfile.type to "Unconfined"`,
  );
};

const safeSysctls = set(
  'kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range ' +
    'net.ipv4.ip_unprivileged_port_start net.ipv4.ip_local_reserved_ports net.ipv4.tcp_keepalive_time ' +
    'net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes net.ipv4.tcp_rmem net.ipv4.tcp_wmem',
);

export const sysctls: Check = ({ spec }) => {
  const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safeSysctls.has(name));
  return bad.length === 0 ? undefined : violation('forbidden sysctls', bad.join(', '));
};

export const windowsHostProcess: Check = (pod) => {
  const podDoes = pod.spec.securityContext?.windowsOptions?.hostProcess === true;
  const bad = namesWhere(pod, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true);
  if (!podDoes && bad.length === 0) return undefined;
  return violation(
    'hostProcess',
    `${setters(podDoes, bad)} must not set securityContext.windowsOptions.hostProcess=true`,
  );
};
