import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const core = '/api/v1';
const group = (name: string, version = 'v1') => `/apis/${name}/${version}`;
const k8s = (name: string) => group(`${name}.k8s.io`);
const createdAt = 'Name, Created At';
const withTemplate = 'Containers, Images, Selector';

/** Columns of each kind, in the order of the server; after `|` the ones that `-o wide` adds (4.4). */
const columns: readonly (readonly [string, string])[] = [
  [`${core}/pods`, 'Name, Ready, Status, Restarts, Age | IP, Node, Nominated Node, Readiness Gates'],
  [
    `${core}/nodes`,
    'Name, Status, Roles, Age, Version | Internal-IP, External-IP, OS-Image, Kernel-Version, Container-Runtime',
  ],
  [`${core}/namespaces`, 'Name, Status, Age'],
  [`${core}/services`, 'Name, Type, Cluster-IP, External-IP, Port(s), Age | Selector'],
  [`${core}/endpoints`, 'Name, Endpoints, Age'],
  [`${k8s('discovery')}/endpointslices`, 'Name, AddressType, Ports, Endpoints, Age'],
  [`${core}/configmaps`, 'Name, Data, Age'],
  [`${core}/secrets`, 'Name, Type, Data, Age'],
  [`${core}/serviceaccounts`, 'Name, Secrets, Age'],
  [`${group('apps')}/deployments`, `Name, Ready, Up-to-date, Available, Age | ${withTemplate}`],
  [`${group('apps')}/replicasets`, `Name, Desired, Current, Ready, Age | ${withTemplate}`],
  [`${core}/replicationcontrollers`, `Name, Desired, Current, Ready, Age | ${withTemplate}`],
  [`${group('apps')}/statefulsets`, 'Name, Ready, Age | Containers, Images'],
  [
    `${group('apps')}/daemonsets`,
    `Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age | ${withTemplate}`,
  ],
  [`${group('batch')}/jobs`, `Name, Status, Completions, Duration, Age | ${withTemplate}`],
  [`${group('batch')}/cronjobs`, `Name, Schedule, Timezone, Suspend, Active, Last Schedule, Age | ${withTemplate}`],
  [
    `${group('autoscaling', 'v2')}/horizontalpodautoscalers`,
    'Name, Reference, Targets, MinPods, MaxPods, Replicas, Age',
  ],
  [`${group('policy')}/poddisruptionbudgets`, 'Name, Min Available, Max Unavailable, Allowed Disruptions, Age'],
  [`${k8s('networking')}/ingresses`, 'Name, Class, Hosts, Address, Ports, Age'],
  [`${k8s('networking')}/ingressclasses`, 'Name, Controller, Parameters, Age'],
  [`${k8s('networking')}/networkpolicies`, 'Name, Pod-Selector, Age'],
  [
    `${core}/persistentvolumes`,
    'Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age | VolumeMode',
  ],
  [
    `${core}/persistentvolumeclaims`,
    'Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age | VolumeMode',
  ],
  [
    `${k8s('storage')}/storageclasses`,
    'Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age',
  ],
  [`${k8s('storage')}/volumeattributesclasses`, 'Name, DriverName, Age'],
  [`${k8s('storage')}/volumeattachments`, 'Name, Attacher, PV, Node, Attached, Age'],
  [
    `${k8s('storage')}/csidrivers`,
    'Name, AttachRequired, PodInfoOnMount, StorageCapacity, TokenRequests, RequiresRepublish, Modes, Age',
  ],
  [`${k8s('storage')}/csinodes`, 'Name, Drivers, Age'],
  [`${k8s('storage')}/csistoragecapacities`, 'Name, StorageClassName, Capacity'],
  [`${core}/events`, 'Last Seen, Type, Reason, Object, Message | Subobject, Source, First Seen, Count, Name'],
  [`${k8s('events')}/events`, 'Last Seen, Type, Reason, Object, Message | Subobject, Source, First Seen, Count, Name'],
  [`${k8s('rbac.authorization')}/roles`, createdAt],
  [`${k8s('rbac.authorization')}/clusterroles`, createdAt],
  [`${k8s('rbac.authorization')}/rolebindings`, 'Name, Role, Age | Users, Groups, ServiceAccounts'],
  [`${k8s('rbac.authorization')}/clusterrolebindings`, 'Name, Role, Age | Users, Groups, ServiceAccounts'],
  [
    `${k8s('certificates')}/certificatesigningrequests`,
    'Name, Age, SignerName, Requestor, RequestedDuration, Condition',
  ],
  [`${k8s('coordination')}/leases`, 'Name, Holder, Age'],
  [`${k8s('node')}/runtimeclasses`, 'Name, Handler, Age'],
  [`${k8s('scheduling')}/priorityclasses`, 'Name, Value, Global-Default, Age, PreemptionPolicy'],
  [`${core}/resourcequotas`, 'Name, Request, Limit, Age'],
  [`${group('apps')}/controllerrevisions`, 'Name, Controller, Revision, Age'],
  [`${core}/podtemplates`, 'Name, Containers, Images, Pod Labels'],
  [`${k8s('admissionregistration')}/mutatingwebhookconfigurations`, 'Name, Webhooks, Age'],
  [`${k8s('admissionregistration')}/validatingwebhookconfigurations`, 'Name, Webhooks, Age'],
  [`${k8s('admissionregistration')}/validatingadmissionpolicies`, 'Name, Validations, ParamKind, Age'],
  [`${k8s('admissionregistration')}/validatingadmissionpolicybindings`, 'Name, PolicyName, ParamRef, Age'],
  [
    `${k8s('flowcontrol.apiserver')}/flowschemas`,
    'Name, PriorityLevel, MatchingPrecedence, DistinguisherMethod, Age, MissingPL',
  ],
  [
    `${k8s('flowcontrol.apiserver')}/prioritylevelconfigurations`,
    'Name, Type, NominalConcurrencyShares, Queues, HandSize, QueueLengthLimit, Age',
  ],
  [`${k8s('apiextensions')}/customresourcedefinitions`, createdAt],
  [`${k8s('apiregistration')}/apiservices`, 'Name, Service, Available, Age'],
  [`${k8s('networking')}/ipaddresses`, 'Name, ParentRef'],
  [`${k8s('networking')}/servicecidrs`, 'Name, CIDRs, Age'],
  [`${k8s('resource')}/resourceclaims`, 'Name, State, Age'],
  [`${k8s('resource')}/resourceslices`, 'Name, Node, Driver, Pool, Age'],
  [`${k8s('resource')}/deviceclasses`, 'Name, Age'],
  [`${core}/limitranges`, createdAt],
  [`${core}/componentstatuses`, 'Name, Status, Message, Error'],
];

interface Column {
  readonly name: string;
  readonly priority: number;
}

describe('4.4 the tables that the server prints', () => {
  it.each(columns)('%s', async (path, expected) => {
    const shown = (await api.get(path, { accept })).at('columnDefinitions') as readonly Column[];
    const names = (wide: boolean) => shown.filter(({ priority }) => priority > 0 === wide).map(({ name }) => name);
    const [narrow = '', wide] = expected.split(' | ');
    expect(names(false).join(', ')).toBe(narrow);
    expect(names(true).join(', ')).toBe(wide ?? '');
  });

  it('the columns of events stand in the order of kubectl', async () => {
    const shown = (await api.get(`${core}/events`, { accept })).at('columnDefinitions') as readonly Column[];
    expect(shown.map(({ name }) => name).join(', ')).toBe(
      'Last Seen, Type, Reason, Object, Subobject, Source, Message, First Seen, Count, Name',
    );
  });
});

const ns = '/api/v1/namespaces/default';
const cell = async (path: string, column: string) => {
  const table = await api.get(path, { accept });
  const names = (table.at('columnDefinitions') as readonly Column[]).map(({ name }) => name);
  return table.at('rows', 0, 'cells', names.indexOf(column));
};

describe('what stands in the cells', () => {
  const ready = { name: 'c', ready: true, restartCount: 0, image: 'i', imageID: '', state: { running: {} } };
  const waiting = (reason: string) => ({ ...ready, ready: false, state: { waiting: { reason } } });
  const ended = (terminated: object) => ({ ...ready, ready: false, state: { terminated } });
  const condition = (type: string, reason: string) => ({ type, status: 'False', reason });

  it.each<readonly [string, object, object]>([
    ['Pending', {}, {}],
    ['Running', {}, { phase: 'Running', containerStatuses: [ready] }],
    ['Evicted', {}, { phase: 'Failed', reason: 'Evicted' }],
    ['SchedulingGated', {}, { conditions: [condition('PodScheduled', 'SchedulingGated')] }],
    ['ContainerCreating', {}, { containerStatuses: [waiting('ContainerCreating')] }],
    ['CrashLoopBackOff', {}, { phase: 'Running', containerStatuses: [waiting('CrashLoopBackOff')] }],
    ['ImagePullBackOff', {}, { containerStatuses: [waiting('ImagePullBackOff')] }],
    ['Completed', {}, { phase: 'Succeeded', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' })] }],
    ['OOMKilled', {}, { phase: 'Failed', containerStatuses: [ended({ exitCode: 137, reason: 'OOMKilled' })] }],
    ['ExitCode:3', {}, { phase: 'Failed', containerStatuses: [ended({ exitCode: 3 })] }],
    ['Signal:9', {}, { phase: 'Failed', containerStatuses: [ended({ exitCode: 137, signal: 9 })] }],
    [
      'NotReady',
      { containers: ['c', 'd'] },
      {
        phase: 'Running',
        containerStatuses: [
          { ...ready, name: 'c' },
          { ...ended({ exitCode: 0, reason: 'Completed' }), name: 'd' },
        ],
      },
    ],
    ['Init:0/2', { init: ['k', 'j'] }, { initContainerStatuses: [{ ...waiting('PodInitializing'), name: 'k' }] }],
    [
      'Init:CrashLoopBackOff',
      { init: ['k'] },
      { initContainerStatuses: [{ ...waiting('CrashLoopBackOff'), name: 'k' }] },
    ],
    ['Init:ExitCode:2', { init: ['k'] }, { initContainerStatuses: [{ ...ended({ exitCode: 2 }), name: 'k' }] }],
    [
      'Init:Signal:9',
      { init: ['k'] },
      { initContainerStatuses: [{ ...ended({ exitCode: 137, signal: 9 }), name: 'k' }] },
    ],
    [
      'Init:Error',
      { init: ['k'] },
      { initContainerStatuses: [{ ...ended({ exitCode: 1, reason: 'Error' }), name: 'k' }] },
    ],
    [
      'PodInitializing',
      { init: ['k'] },
      {
        initContainerStatuses: [{ ...ended({ exitCode: 0, reason: 'Completed' }), name: 'k' }],
        containerStatuses: [waiting('PodInitializing')],
      },
    ],
  ])(
    '4.4.1 a pod is %s',
    async (text, { containers = ['c'], init = [] }: { containers?: string[]; init?: string[] }, status) => {
      const name = `s-${text.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}`;
      const named = (names: readonly string[]) => names.map((each) => ({ name: each, image: 'i' }));
      await api.make(`${ns}/pods`, {
        metadata: { name },
        spec: { containers: named(containers), initContainers: named(init) },
      });
      await api.patch(`${ns}/pods/${name}/status`, 'merge', { status });
      expect(await cell(`${ns}/pods/${name}`, 'Status')).toBe(text);
    },
  );

  it('4.4.1 a pod that is told to go is Terminating, on a lost node Unknown', async () => {
    const spec = { containers: [{ name: 'c', image: 'i' }], nodeName: 'n' };
    await api.make(`${ns}/pods`, { metadata: { name: 'leaving' }, spec });
    await api.delete(`${ns}/pods/leaving`);
    expect(await cell(`${ns}/pods/leaving`, 'Status')).toBe('Terminating');
    await api.patch(`${ns}/pods/leaving/status`, 'merge', { status: { reason: 'NodeLost' } });
    expect(await cell(`${ns}/pods/leaving`, 'Status')).toBe('Unknown');
    await api.patch(`${ns}/pods/leaving/status`, 'merge', {
      status: {
        reason: null,
        phase: 'Running',
        containerStatuses: [
          {
            ...ready,
            restartCount: 2,
            lastState: { terminated: { exitCode: 1, finishedAt: new Date(Date.now() - 300_000).toISOString() } },
          },
        ],
      },
    });
    expect(await cell(`${ns}/pods/leaving`, 'Restarts')).toMatch(/^2 \(5m\d*s? ago\)$/);
    expect(await cell(`${ns}/pods/leaving`, 'Ready')).toBe('1/1');
  });

  it('4.4.2 a job says how it is and how much is done', async () => {
    const jobs = '/apis/batch/v1/namespaces/default/jobs';
    const template = { spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } };
    const state = (type: string, extra: object = {}) => ({
      startTime: '2026-01-01T00:00:00Z',
      conditions: [{ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
      ...extra,
    });
    const cases: readonly (readonly [string, object, object, string])[] = [
      ['Running', { completions: 3 }, { succeeded: 1, active: 1, startTime: '2026-01-01T00:00:00Z' }, '1/3'],
      ['Running', { parallelism: 2 }, {}, '0/1 of 2'],
      ['Running', { parallelism: 1 }, {}, '0/1'],
      ['Suspended', { suspend: true }, { conditions: [{ type: 'Suspended', status: 'True' }] }, '0/1'],
      ['FailureTarget', {}, state('FailureTarget'), '0/1'],
    ];
    for (const [index, [text, spec, status, completions]] of cases.entries()) {
      const name = `job-${index}`;
      await api.make(jobs, { metadata: { name }, spec: { template, ...spec } });
      const patched = await api.patch(`${jobs}/${name}/status`, 'merge', { status });
      expect(patched.status, patched.text).toBe(200);
      expect([name, await cell(`${jobs}/${name}`, 'Status')]).toEqual([name, text]);
      expect([name, await cell(`${jobs}/${name}`, 'Completions')]).toEqual([name, completions]);
    }
  });

  it('4.4.3 a Service shows where it is reached', async () => {
    const services = `${ns}/services`;
    const cases: readonly (readonly [string, object, string, string])[] = [
      ['plain', { ports: [{ port: 80 }] }, '<none>', '80/TCP'],
      ['node', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }, '<none>', '80:30080/TCP'],
      ['balanced', { type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30081 }] }, '<pending>', '80:30081/TCP'],
      ['named', { type: 'ExternalName', externalName: 'a.example' }, 'a.example', '<none>'],
      [
        'external',
        { ports: [{ port: 53, protocol: 'UDP' }], externalIPs: ['1.2.3.4', '1.2.3.5'] },
        '1.2.3.4,1.2.3.5',
        '53/UDP',
      ],
    ];
    for (const [name, spec, external, ports] of cases) {
      await api.make(services, { metadata: { name }, spec });
      expect([name, await cell(`${services}/${name}`, 'External-IP')]).toEqual([name, external]);
      expect([name, await cell(`${services}/${name}`, 'Port(s)')]).toEqual([name, ports]);
    }
    await api.patch(`${services}/balanced/status`, 'merge', {
      status: { loadBalancer: { ingress: [{ ip: '5.6.7.8' }] } },
    });
    expect(await cell(`${services}/balanced`, 'External-IP')).toBe('5.6.7.8');
    expect(await cell(`${services}/named`, 'Cluster-IP')).toBe('<none>');
  });
});
