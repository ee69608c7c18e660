import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const ns = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';
const batch = '/apis/batch/v1/namespaces/default';
const k8s = (group: string) => `/apis/${group}.k8s.io/v1`;
const container = { name: 'c', image: 'i' };
const labels = { a: 'b' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [container] } };
const jobTemplate = { spec: { containers: [container], restartPolicy: 'Never' } };
const storage = { requests: { storage: '1Gi' } };
let count = 0;

/** What is refused, as `field: message`; a text that says so when nothing is. */
function causes(reply: Reply): readonly string[] {
  if (reply.status !== 422) return [`not refused: ${reply.status} ${reply.text}`];
  return ((reply.at('details', 'causes') ?? []) as { field: string; message: string }[]).map(
    ({ field, message }) => `${field}: ${message}`,
  );
}
const refused = async (path: string, body: object) =>
  causes(await api.post(path, { metadata: { name: `r${++count}` }, ...body }));
const refusedSpec = (path: string, spec: object) => refused(path, { spec });
const refusedPod = (spec: object) => refusedSpec(`${ns}/pods`, { containers: [container], ...spec });
const refusedContainer = (more: object, spec: object = {}) =>
  refusedPod({ containers: [{ ...container, ...more }], ...spec });
/** Makes an object, changes it, and says what was refused. */
async function changed(path: string, body: object, patch: object): Promise<readonly string[]> {
  const name = `u${++count}`;
  await api.make(path, { metadata: { name }, ...body });
  return causes(await api.patch(`${path}/${name}`, 'merge', patch));
}

describe('validation', () => {
  it('4.3.1 of a pod little may change', async () => {
    const path = `${ns}/pods`;
    const make = async (spec: object = {}) => {
      const name = `p${++count}`;
      await api.make(path, { metadata: { name }, spec: { containers: [container], ...spec } });
      return `${path}/${name}`;
    };
    const fine = await make({ activeDeadlineSeconds: 100 });
    const toleration = { key: 'k', operator: 'Exists', effect: 'NoExecute' };
    const kept = (await api.get(fine)).at('spec', 'tolerations') as object[];
    const allowed = await api.patch(fine, 'merge', {
      spec: {
        containers: [{ ...container, image: 'other' }],
        activeDeadlineSeconds: 50,
        tolerations: [...kept, toleration],
      },
    });
    expect(allowed.status, allowed.text).toBe(422); // containers of a merge patch replace those with defaults
    expect((await api.patch(fine, 'strategic', { spec: { containers: [{ name: 'c', image: 'other' }] } })).status).toBe(
      200,
    );
    expect((await api.patch(fine, 'merge', { spec: { activeDeadlineSeconds: 50 } })).status).toBe(200);
    expect((await api.patch(fine, 'merge', { spec: { tolerations: [...kept, toleration] } })).status).toBe(200);
    expect(causes(await api.patch(fine, 'merge', { spec: { activeDeadlineSeconds: 70 } }))).toEqual([
      'spec.activeDeadlineSeconds: Invalid value: 70: must be less than or equal to previous value',
    ]);
    const [forbidden] = causes(await api.patch(fine, 'merge', { spec: { hostNetwork: true } }));
    expect(forbidden).toContain(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
    );
    const gated = await make({ schedulingGates: [{ name: 'a.b/c' }] });
    expect((await api.patch(gated, 'merge', { spec: { nodeSelector: { zone: 'a' } } })).status).toBe(200);
    expect((await api.patch(gated, 'merge', { spec: { schedulingGates: [] } })).status).toBe(200);
    expect(causes(await api.patch(gated, 'merge', { spec: { schedulingGates: [{ name: 'a.b/d' }] } }))[0]).toContain(
      "spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling gate 'a.b/d'",
    );
    const [more] = causes(await api.patch(fine, 'strategic', { spec: { containers: [{ name: 'd', image: 'i' }] } }));
    expect(more).toBe('spec.containers: Forbidden: pod updates may not add or remove containers');
  });

  it('4.3.2 of a new pod everything is looked at', async () => {
    const rows: readonly (readonly [Promise<readonly string[]>, string])[] = [
      [refusedPod({ containers: [container, container] }), 'spec.containers[1].name: Duplicate value: "c"'],
      [refusedContainer({ name: 'A' }), 'spec.containers[0].name: Invalid value: "A": a lowercase RFC 1123 label must'],
      [
        refusedContainer({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
        'spec.containers[0].volumeMounts[0].name: Not found: "v"',
      ],
      [
        refusedContainer(
          {
            volumeMounts: [
              { name: 'v', mountPath: '/v' },
              { name: 'v', mountPath: '/v' },
            ],
          },
          { volumes: [{ name: 'v', emptyDir: {} }] },
        ),
        'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique',
      ],
      [
        refusedContainer(
          { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: '../x' }] },
          { volumes: [{ name: 'v', emptyDir: {} }] },
        ),
        `spec.containers[0].volumeMounts[0].subPath: Invalid value: "../x": must not contain '..'`,
      ],
      [
        refusedContainer(
          { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'a', subPathExpr: 'b' }] },
          { volumes: [{ name: 'v', emptyDir: {} }] },
        ),
        'subPathExpr and subPath are mutually exclusive',
      ],
      [
        refusedContainer({ env: [{ name: 'a=b' }] }),
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      ],
      [
        refusedContainer({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      ],
      [
        refusedContainer({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }),
        'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
      ],
      [
        refusedPod({ initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Never' }] }),
        'spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"',
      ],
      [
        refusedPod({ ephemeralContainers: [{ name: 'e', image: 'i' }] }),
        'spec.ephemeralContainers: Forbidden: cannot be set on create',
      ],
      [refusedContainer({ resources: { limits: { oddity: '1' } } }), 'must be a standard resource for containers'],
      [
        refusedPod({ activeDeadlineSeconds: 0 }),
        'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
      ],
      [
        refusedPod({ restartPolicy: 'x' }),
        'spec.restartPolicy: Unsupported value: "x": supported values: "Always", "Never", "OnFailure"',
      ],
    ];
    for (const [asked, expected] of rows) expect((await asked).join('\n')).toContain(expected);
  });

  it('4.3.3 keys of ConfigMaps and Secrets; what is immutable stays', async () => {
    for (const key of ['a b', '..', '.', '']) {
      expect((await refused(`${ns}/configmaps`, { data: { [key]: '1' } }))[0]).toContain(`data[${key}]: Invalid value`);
    }
    const path = `${ns}/configmaps`;
    const frozen = { data: { a: '1' }, immutable: true };
    const text = 'Forbidden: field is immutable when `immutable` is set';
    expect(await changed(path, frozen, { data: { a: '2' } })).toEqual([`data: ${text}`]);
    expect(await changed(path, frozen, { immutable: false })).toEqual([`immutable: ${text}`]);
    expect((await changed(path, frozen, { metadata: { labels } }))[0]).toMatch(/^not refused: 200/);
    expect(await changed(`${ns}/secrets`, {}, { type: 'other' })).toEqual([
      'type: Invalid value: "other": field is immutable',
    ]);
    const needs: readonly (readonly [string, readonly string[]])[] = [
      ['kubernetes.io/dockerconfigjson', ['data[.dockerconfigjson]: Required value']],
      ['kubernetes.io/tls', ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
      ['kubernetes.io/ssh-auth', ['data[ssh-privatekey]: Required value']],
      ['kubernetes.io/basic-auth', ['data[username]: Required value', 'data[password]: Required value']],
      [
        'kubernetes.io/service-account-token',
        ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
      ],
    ];
    for (const [type, expected] of needs)
      expect([type, await refused(`${ns}/secrets`, { type })]).toEqual([type, expected]);
  });

  it('4.3.4 ports, addresses and types of Services', async () => {
    const path = `${ns}/services`;
    const spec = (more: object) => refusedSpec(path, { ports: [{ port: 80 }], ...more });
    expect(await refusedSpec(path, {})).toEqual(['spec.ports: Required value']);
    expect(await spec({ ports: [{ port: 80 }, { port: 81 }] })).toEqual([
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
    ]);
    expect(
      (
        await spec({
          ports: [
            { name: 'a', port: 80 },
            { name: 'a', port: 81 },
          ],
        })
      )[0],
    ).toBe('spec.ports[1].name: Duplicate value: "a"');
    expect(
      (
        await spec({
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 80 },
          ],
        })
      )[0],
    ).toContain('spec.ports[1]: Duplicate value');
    expect((await spec({ type: 'NodePort', ports: [{ port: 80, nodePort: 99 }] }))[0]).toContain(
      'spec.ports[0].nodePort: Invalid value: 99: provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
    await api.make(path, {
      metadata: { name: 'taken' },
      spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30500 }] },
    });
    expect(await spec({ type: 'NodePort', ports: [{ port: 80, nodePort: 30500 }] })).toEqual([
      'spec.ports[0].nodePort: Invalid value: 30500: provided port is already allocated',
    ]);
    expect(
      (
        await changed(
          path,
          { spec: { ports: [{ port: 80 }] } },
          { spec: { clusterIP: '10.43.1.1', clusterIPs: ['10.43.1.1'] } },
        )
      )[0],
    ).toContain('may not change once set');
    expect(
      (await spec({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } }))[0],
    ).toContain(
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
    );
    const balanced = { spec: { type: 'LoadBalancer', loadBalancerClass: 'a.b/c', ports: [{ port: 80 }] } };
    expect(await changed(path, balanced, { spec: { loadBalancerClass: 'a.b/d' } })).toEqual([
      'spec.loadBalancerClass: Invalid value: "a.b/d": may not change once set',
    ]);
  });

  it('4.3.5 selectors stay, fit the labels of the template, and are not empty', async () => {
    for (const plural of ['deployments', 'replicasets', 'daemonsets', 'statefulsets']) {
      const path = `${apps}/${plural}`;
      const extra = plural === 'statefulsets' ? { serviceName: 's' } : {};
      const other = { matchLabels: { a: 'c' } };
      expect((await refusedSpec(path, { selector: other, template, ...extra })).join()).toContain(
        '`selector` does not match template `labels`',
      );
      expect((await refusedSpec(path, { template, ...extra })).join()).toContain('spec.selector');
      const relabelled = { spec: { selector: other, template: { metadata: { labels: { a: 'c' } } } } };
      const text =
        plural === 'statefulsets' ? 'updates to statefulset spec for fields other than' : 'field is immutable';
      expect((await changed(path, { spec: { selector, template, ...extra } }, relabelled)).join()).toContain(text);
    }
    const jobs = await changed(
      `${batch}/jobs`,
      { spec: { template: jobTemplate } },
      { spec: { selector: { matchLabels: { x: 'y' } } } },
    );
    expect(jobs.join()).toContain('spec.selector');
    const controller = { spec: { selector: labels, template } };
    const moved = { spec: { selector: { a: 'c' }, template: { metadata: { labels: { a: 'c' } } } } };
    expect((await changed(`${ns}/replicationcontrollers`, controller, moved))[0]).toMatch(/^not refused: 200/);
  });

  it('4.3.6 templates restart always, those of Jobs never or on failure', async () => {
    const never = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
    for (const plural of ['deployments', 'replicasets', 'daemonsets', 'statefulsets']) {
      expect(
        (await refusedSpec(`${apps}/${plural}`, { selector, template: never, serviceName: 's' })).join(),
      ).toContain('spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"');
    }
    expect((await refusedSpec(`${batch}/jobs`, { template: { spec: { containers: [container] } } })).join()).toContain(
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    );
  });

  it('4.3.7 of a StatefulSet some fields change, and no others', async () => {
    const spec = { selector, template, serviceName: 's' };
    const path = `${apps}/statefulsets`;
    const [text] = await changed(path, { spec }, { spec: { serviceName: 'other' } });
    expect(text).toContain(
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    );
    expect((await changed(path, { spec }, { spec: { replicas: 3, minReadySeconds: 1 } }))[0]).toMatch(
      /^not refused: 200/,
    );
  });

  it('4.3.8 of a Job the plan stays, but for what may be said while it has not begun', async () => {
    const path = `${batch}/jobs`;
    const immutable = async (spec: object, patch: object) =>
      (await changed(path, { spec: { template: jobTemplate, ...spec } }, { spec: patch })).join();
    expect(await immutable({ completions: 2 }, { completions: 3 })).toContain(
      'spec.completions: Invalid value: 3: field is immutable',
    );
    expect(await immutable({}, { template: { spec: { terminationGracePeriodSeconds: 5 } } })).toContain(
      'spec.template: Invalid value',
    );
    const indexed = { completionMode: 'Indexed', completions: 2, parallelism: 2 };
    expect(await immutable(indexed, { completions: 3, parallelism: 3 })).toMatch(/^not refused: 200/);
    expect(await immutable({ suspend: true }, { template: { spec: { nodeSelector: { zone: 'a' } } } })).toMatch(
      /^not refused: 200/,
    );
    expect(await immutable({}, { managedBy: 'a.b/c' })).toContain(
      'spec.managedBy: Invalid value: "a.b/c": field is immutable',
    );
  });

  it('4.3.9 schedules have a syntax, time zones exist, and names leave room', async () => {
    const path = `${batch}/cronjobs`;
    const job = { jobTemplate: { spec: { template: jobTemplate } } };
    for (const schedule of ['* * *', '61 * * * *', '@every', 'TZ=UTC * * * * *', '']) {
      expect([schedule, (await refusedSpec(path, { schedule, ...job }))[0]?.split(':')[0]]).toEqual([
        schedule,
        'spec.schedule',
      ]);
    }
    for (const schedule of ['@every 1h', '@daily', '0 0 * jan mon']) {
      expect((await refusedSpec(path, { schedule, ...job }))[0]).toMatch(/^not refused: 201/);
    }
    expect((await refusedSpec(path, { schedule: '@daily', timeZone: 'Nowhere/Land', ...job }))[0]).toContain(
      'spec.timeZone: Invalid value: "Nowhere/Land"',
    );
    const long = await api.post(path, { metadata: { name: 'x'.repeat(53) }, spec: { schedule: '@daily', ...job } });
    expect(causes(long)[0]).toContain('must be no more than 52 characters');
  });

  it('4.3.10 of a PriorityClass the value stays, and system values are for the system', async () => {
    const path = `${k8s('scheduling')}/priorityclasses`;
    expect(await changed(path, { value: 1 }, { value: 2 })).toEqual([
      'value: Forbidden: may not be changed in an update.',
    ]);
    expect((await changed(path, { value: 1 }, { preemptionPolicy: 'Never' }))[0]).toContain(
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    );
    expect(await refused(path, { value: 1_000_000_001 })).toEqual([
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ]);
    expect((await refused(path, { metadata: { name: 'system-mine' }, value: 1 }))[0]).toContain(
      "'system-' prefix are reserved for system use only",
    );
  });

  it('4.3.11 of claims, volumes and classes what was chosen stays', async () => {
    const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: storage } };
    const claims = `${ns}/persistentvolumeclaims`;
    expect((await changed(claims, claim, { spec: { accessModes: ['ReadWriteMany'] } }))[0]).toContain(
      'spec: Forbidden: spec is immutable after creation',
    );
    expect((await changed(claims, claim, { spec: { volumeName: 'v' } }))[0]).toMatch(/^not refused: 200/);
    const volume = { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } } };
    expect((await changed('/api/v1/persistentvolumes', volume, { spec: { hostPath: { path: '/y' } } }))[0]).toContain(
      'spec.persistentvolumesource: Forbidden',
    );
    expect((await changed('/api/v1/persistentvolumes', volume, { spec: { capacity: { storage: '2Gi' } } }))[0]).toMatch(
      /^not refused: 200/,
    );
    const classes = `${k8s('storage')}/storageclasses`;
    for (const patch of [
      { provisioner: 'a.b/d' },
      { parameters: { a: 'b' } },
      { reclaimPolicy: 'Retain' },
      { volumeBindingMode: 'WaitForFirstConsumer' },
    ]) {
      expect((await changed(classes, { provisioner: 'a.b/c' }, patch))[0]?.split(':')[0]).toBe(Object.keys(patch)[0]);
    }
  });

  it('4.3.12 budgets say one number, and what others build on stays', async () => {
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    expect((await refusedSpec(budgets, { minAvailable: 1, maxUnavailable: 1 }))[0]).toContain(
      'minAvailable and maxUnavailable cannot be both set',
    );
    expect((await changed(budgets, { spec: { minAvailable: 1 } }, { spec: { minAvailable: 2 } }))[0]).toMatch(
      /^not refused: 200/,
    );
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'a' };
    const stays: readonly (readonly [string, object, object, string])[] = [
      [`${k8s('node')}/runtimeclasses`, { handler: 'a' }, { handler: 'b' }, 'handler'],
      [
        `${k8s('networking')}/ingressclasses`,
        { spec: { controller: 'a.b/c' } },
        { spec: { controller: 'a.b/d' } },
        'spec.controller',
      ],
      [
        `${k8s('discovery')}/namespaces/default/endpointslices`,
        { addressType: 'IPv4', endpoints: [] },
        { addressType: 'IPv6' },
        'addressType',
      ],
      [
        `${k8s('rbac.authorization')}/namespaces/default/rolebindings`,
        { roleRef },
        { roleRef: { name: 'b' } },
        'roleRef',
      ],
      [`${apps}/controllerrevisions`, { revision: 1, data: { a: 1 } }, { data: { a: 2 } }, 'data'],
      [
        `${k8s('storage')}/volumeattachments`,
        { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
        { spec: { nodeName: 'm' } },
        'spec',
      ],
    ];
    for (const [path, body, patch, field] of stays) {
      const [text] = await changed(path, body, patch);
      expect([path, text]).toEqual([
        path,
        expect.stringMatching(new RegExp(`^${field}: .*(immutable|cannot change roleRef)`)),
      ]);
    }
    const addresses = `${k8s('networking')}/ipaddresses`;
    const parentRef = { group: '', resource: 'services', namespace: 'default', name: 's' };
    await api.make(addresses, { metadata: { name: '10.43.9.9' }, spec: { parentRef } });
    const moved = await api.patch(`${addresses}/10.43.9.9`, 'merge', { spec: { parentRef: { name: 't' } } });
    expect(causes(moved)[0]).toMatch(/^spec.parentRef: .*immutable/);
    expect((await refused(addresses, { spec: { parentRef } }))[0]).toContain('metadata.name: Invalid value');
  });

  it('4.3.13 a node keeps its range and its provider', async () => {
    const node = { spec: { podCIDR: '10.42.0.0/24', podCIDRs: ['10.42.0.0/24'], providerID: 'a://b' } };
    const patch = { spec: { podCIDR: '10.42.1.0/24', podCIDRs: ['10.42.1.0/24'] } };
    expect((await changed('/api/v1/nodes', node, patch)).join()).toMatch(/podCIDR/);
    expect((await changed('/api/v1/nodes', node, { spec: { providerID: 'a://c' } })).join()).toContain(
      'spec.providerID: Forbidden',
    );
    await api.make('/api/v1/nodes', { metadata: { name: 'capacious' } });
    const capacity = await api.patch('/api/v1/nodes/capacious/status', 'merge', {
      status: { capacity: { 'a.b/c': '3' } },
    });
    expect(capacity.at('status', 'capacity', 'a.b/c')).toBe('3');
  });

  it('4.3.14 what is of the cluster has no namespace', async () => {
    const made = await api.post('/api/v1/nodes', { metadata: { name: 'placeless', namespace: 'default' } });
    expect([made.status, made.at('metadata', 'namespace')]).toEqual([201, undefined]);
    const placed = await api.post('/api/v1/namespaces/default/nodes', { metadata: { name: 'placed' } });
    expect(placed.status).toBe(404);
  });

  it('4.3.15 addresses of endpoints lead somewhere', async () => {
    const subset = (ip: string) =>
      refused(`${ns}/endpoints`, { subsets: [{ addresses: [{ ip }], ports: [{ port: 80 }] }] });
    for (const [ip, text] of [
      ['127.0.0.1', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
      ['169.254.0.1', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
      ['224.0.0.1', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
    ] as const) {
      expect((await subset(ip))[0]).toBe(`subsets[0].addresses[0].ip: Invalid value: "${ip}": ${text}`);
    }
    const slices = `${k8s('discovery')}/namespaces/default/endpointslices`;
    const endpoints = Array.from({ length: 1001 }, () => ({ addresses: ['10.0.0.1'] }));
    expect(await refused(slices, { addressType: 'IPv4', endpoints })).toEqual([
      'endpoints: Too many: 1001: must have at most 1000 items',
    ]);
    expect(
      (await refused(slices, { addressType: 'IPv4', endpoints: [], ports: [{ port: 1, protocol: 'ICMP' }] }))[0],
    ).toContain('Unsupported value: "ICMP"');
  });

  it('4.3.16 paths, backends and hosts of Ingresses', async () => {
    const backend = { service: { name: 's', port: { number: 80 } } };
    const path = `${k8s('networking')}/namespaces/default/ingresses`;
    const rule = (more: object, host?: string) =>
      refusedSpec(path, { rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...more }] } }] });
    expect((await rule({ path: 'x' }))[0]).toContain('must be an absolute path');
    expect((await rule({ pathType: 'Sometimes' }))[0]).toContain('Unsupported value: "Sometimes"');
    expect((await rule({ backend: { ...backend, resource: { kind: 'K', name: 'n' } } }))[0]).toContain(
      'cannot set both resource and service backends',
    );
    expect((await rule({}, '1.2.3.4'))[0]).toContain('must be a DNS name, not an IP address');
    expect((await rule({}, 'a.*.b'))[0]).toContain("a wildcard DNS-1123 subdomain must start with '*.'");
  });

  it('4.3.17 4.3.18 numbers of Leases and autoscalers', async () => {
    const leases = `${k8s('coordination')}/namespaces/default/leases`;
    expect(await refusedSpec(leases, { leaseDurationSeconds: 0, leaseTransitions: -1 })).toEqual([
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ]);
    const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
    const scalers = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
    expect(await refusedSpec(scalers, { minReplicas: 5, maxReplicas: 3, scaleTargetRef })).toEqual([
      'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
    ]);
    expect((await refusedSpec(scalers, { minReplicas: 0, maxReplicas: 3, scaleTargetRef }))[0]).toContain(
      'spec.minReplicas',
    );
  });

  it('4.3.19 ranges and quotas name what there is, in order', async () => {
    const limit = (item: object) => refusedSpec(`${ns}/limitranges`, { limits: [{ type: 'Container', ...item }] });
    expect(await limit({ min: { cpu: '2' }, max: { cpu: '1' } })).toContain(
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    );
    expect(await limit({ max: { cpu: '1' }, default: { cpu: '2' }, defaultRequest: { cpu: '1' } })).toEqual([
      'spec.limits[0].default[cpu]: Invalid value: "2": default value 2 is greater than max value 1',
    ]);
    expect(await limit({ type: 'Pod', default: { cpu: '2' } })).toContain(
      "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
    );
    const quota = (hard: object) => refusedSpec(`${ns}/resourcequotas`, { hard });
    expect(await quota({ oddity: '1' })).toEqual([
      'spec.hard[oddity]: Invalid value: "oddity": must be a standard resource for quotas',
    ]);
    expect(await quota({ pods: '1500m' })).toEqual(['spec.hard[pods]: Invalid value: "1500m": must be an integer']);
    expect((await quota({ 'count/deployments.apps': '3', 'requests.a.b/c': '1', 'requests.cpu': '900' }))[0]).toMatch(
      /^not refused: 201/,
    );
    expect(
      await changed(`${ns}/resourcequotas`, { spec: { hard: { pods: '900' } } }, { spec: { scopes: ['BestEffort'] } }),
    ).toEqual(['spec.scopes: Invalid value: ["BestEffort"]: field is immutable']);
  });

  it('4.3.20 rules have verbs, and paths stand in cluster roles', async () => {
    const roles = `${k8s('rbac.authorization')}/namespaces/default/roles`;
    expect((await refused(roles, { rules: [{ apiGroups: [''], resources: ['pods'], verbs: [] }] }))[0]).toBe(
      'rules[0].verbs: Required value: verbs must contain at least one value',
    );
    expect((await refused(roles, { rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] }))[0]).toContain(
      'namespaced rules cannot apply to non-resource URLs',
    );
    const cluster = await api.post(`${k8s('rbac.authorization')}/clusterroles`, {
      metadata: { name: 'paths' },
      rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }],
    });
    expect(cluster.status).toBe(201);
  });

  it('amounts are not negative, and are amounts', async () => {
    const negative = await refusedContainer({ resources: { requests: { memory: '-1' } } });
    expect(negative[0]).toContain('must be greater than or equal to 0');
    const nonsense = await api.post(`${ns}/pods`, {
      metadata: { name: 'nonsense' },
      spec: { containers: [{ ...container, resources: { limits: { cpu: 'much' } } }] },
    });
    expect(nonsense.status).toBe(400);
    expect(nonsense.json.message).toContain(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  });
});
