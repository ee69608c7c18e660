import { describe, expect, it } from 'vitest';
import { builtInResources } from '../kinds.js';
import * as kinds from '../generated/resources.js';
import { customPrinter } from './custom-columns.js';
import { tableFor } from './table-for.js';
import type { KubernetesObject } from '../object.js';
import type { ResourceType } from '../resource-type.js';

const now = Date.parse('2026-01-01T01:00:00Z');
const metadata = { name: 'x', namespace: 'n', creationTimestamp: '2026-01-01T00:55:00Z' };
const labelled = { matchLabels: { app: 'x' } };
const template = {
  spec: {
    containers: [
      { name: 'c', image: 'i' },
      { name: 'd', image: 'j' },
    ],
  },
};

/** Cells by their titles, wide ones included. */
function printed(type: ResourceType, object: object): Readonly<Record<string, unknown>> {
  const table = tableFor(type, [{ metadata, ...object } as KubernetesObject], { now });
  const [row] = table.rows;
  return Object.fromEntries(table.columnDefinitions.map(({ name }, index) => [name, row?.cells[index]]));
}

describe('server-printed tables', () => {
  it.each<[string, ResourceType, object, object]>([
    [
      'pods',
      kinds.pods,
      {
        spec: { containers: [{ name: 'c' }], nodeName: 'node-1', readinessGates: [{ conditionType: 'g' }] },
        status: {
          phase: 'Running',
          podIPs: [{ ip: '10.42.0.5' }],
          containerStatuses: [
            {
              name: 'c',
              ready: true,
              state: { running: {} },
              restartCount: 3,
              lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } },
            },
          ],
        },
      },
      {
        Name: 'x',
        Ready: '1/1',
        Status: 'Running',
        Restarts: '3 (5m ago)',
        Age: '5m',
        IP: '10.42.0.5',
        Node: 'node-1',
        'Nominated Node': '<none>',
        'Readiness Gates': '0/1',
      },
    ],
    [
      'nodes',
      kinds.nodes,
      {
        metadata: {
          ...metadata,
          labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' },
        },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          addresses: [{ type: 'InternalIP', address: '1.2.3.4' }],
          nodeInfo: {
            kubeletVersion: 'v1.34.0',
            osImage: 'Debian',
            kernelVersion: '6',
            containerRuntimeVersion: 'containerd://1',
          },
        },
      },
      {
        Name: 'x',
        Status: 'Ready,SchedulingDisabled',
        Roles: 'control-plane,worker',
        Age: '5m',
        Version: 'v1.34.0',
        'Internal-IP': '1.2.3.4',
        'External-IP': '<none>',
        'OS-Image': 'Debian',
        'Kernel-Version': '6',
        'Container-Runtime': 'containerd://1',
      },
    ],
    [
      'deployments',
      kinds.deployments,
      {
        spec: { replicas: 3, selector: labelled, template },
        status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
      },
      {
        Name: 'x',
        Ready: '1/3',
        'Up-to-date': 2,
        Available: 1,
        Age: '5m',
        Containers: 'c,d',
        Images: 'i,j',
        Selector: 'app=x',
      },
    ],
    [
      'daemonsets',
      kinds.daemonSets,
      {
        spec: { selector: labelled, template },
        status: { desiredNumberScheduled: 2, currentNumberScheduled: 2, numberReady: 1 },
      },
      {
        Name: 'x',
        Desired: 2,
        Current: 2,
        Ready: 1,
        'Up-to-date': 0,
        Available: 0,
        'Node Selector': '<none>',
        Age: '5m',
        Containers: 'c,d',
        Images: 'i,j',
        Selector: 'app=x',
      },
    ],
    [
      'jobs',
      kinds.jobs,
      {
        spec: { completions: 3, selector: labelled, template },
        status: {
          succeeded: 1,
          startTime: '2026-01-01T00:58:00Z',
          conditions: [{ type: 'Suspended', status: 'True' }],
        },
      },
      {
        Name: 'x',
        Status: 'Suspended',
        Completions: '1/3',
        Duration: '2m',
        Age: '5m',
        Containers: 'c,d',
        Images: 'i,j',
        Selector: 'app=x',
      },
    ],
    [
      'cronjobs',
      kinds.cronJobs,
      { spec: { schedule: '* * * * *', suspend: false, jobTemplate: { spec: { template } } } },
      {
        Name: 'x',
        Schedule: '* * * * *',
        Timezone: '<none>',
        Suspend: 'False',
        Active: 0,
        'Last Schedule': '<none>',
        Age: '5m',
        Containers: 'c,d',
        Images: 'i,j',
        Selector: '<none>',
      },
    ],
    [
      'services of type LoadBalancer without an address',
      kinds.services,
      {
        spec: {
          type: 'LoadBalancer',
          clusterIPs: ['10.43.0.9'],
          selector: { b: '2', a: '1' },
          ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }],
        },
      },
      {
        Name: 'x',
        Type: 'LoadBalancer',
        'Cluster-IP': '10.43.0.9',
        'External-IP': '<pending>',
        'Port(s)': '80:30080/TCP',
        Age: '5m',
        Selector: 'a=1,b=2',
      },
    ],
    [
      'services that are names',
      kinds.services,
      { spec: { type: 'ExternalName', externalName: 'a.b' } },
      {
        Name: 'x',
        Type: 'ExternalName',
        'Cluster-IP': '<none>',
        'External-IP': 'a.b',
        'Port(s)': '<none>',
        Age: '5m',
        Selector: '<none>',
      },
    ],
    [
      'endpoints',
      kinds.endpoints,
      { subsets: [{ addresses: ['1', '2', '3', '4'].map((n) => ({ ip: `10.0.0.${n}` })), ports: [{ port: 80 }] }] },
      { Name: 'x', Endpoints: '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...', Age: '5m' },
    ],
    [
      'endpointslices',
      kinds.endpointSlices,
      { addressType: 'IPv4', ports: [{ port: 80 }], endpoints: [{ addresses: ['10.0.0.1'] }] },
      { Name: 'x', AddressType: 'IPv4', Ports: '80', Endpoints: '10.0.0.1', Age: '5m' },
    ],
    ['configmaps', kinds.configMaps, { data: { a: '' }, binaryData: { b: '' } }, { Name: 'x', Data: 2, Age: '5m' }],
    ['secrets', kinds.secrets, { type: 'Opaque', data: { a: '' } }, { Name: 'x', Type: 'Opaque', Data: 1, Age: '5m' }],
    [
      'claims',
      kinds.persistentVolumeClaims,
      {
        spec: { volumeName: 'pv', storageClassName: 'fast', volumeMode: 'Filesystem' },
        status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'] },
      },
      {
        Name: 'x',
        Status: 'Bound',
        Volume: 'pv',
        Capacity: '1Gi',
        'Access Modes': 'RWO,RWX',
        StorageClass: 'fast',
        VolumeAttributesClass: '<unset>',
        Age: '5m',
        VolumeMode: 'Filesystem',
      },
    ],
    [
      'the default storage class',
      kinds.storageClasses,
      {
        metadata: { ...metadata, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        provisioner: 'p',
      },
      {
        Name: 'x (default)',
        Provisioner: 'p',
        ReclaimPolicy: 'Delete',
        VolumeBindingMode: 'Immediate',
        AllowVolumeExpansion: false,
        Age: '5m',
      },
    ],
    [
      'ingresses',
      kinds.ingresses,
      {
        spec: { rules: [{ host: 'a' }, { host: 'b' }], tls: [{}] },
        status: { loadBalancer: { ingress: [{ ip: '1.1.1.1' }] } },
      },
      { Name: 'x', Class: '<none>', Hosts: 'a,b', Address: '1.1.1.1', Ports: '80, 443', Age: '5m' },
    ],
    [
      'events',
      kinds.events,
      {
        type: 'Warning',
        reason: 'Failed',
        message: 'why\n',
        involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec' },
        source: { component: 'kubelet', host: 'node-1' },
        lastTimestamp: '2026-01-01T00:59:00Z',
        firstTimestamp: '2026-01-01T00:50:00Z',
        count: 4,
      },
      {
        'Last Seen': '60s',
        Type: 'Warning',
        Reason: 'Failed',
        Object: 'pod/p',
        Subobject: 'spec',
        Source: 'kubelet, node-1',
        Message: 'why',
        'First Seen': '10m',
        Count: 4,
        Name: 'x',
      },
    ],
    [
      'role bindings',
      kinds.roleBindings,
      {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', name: 's', namespace: 'n' },
        ],
      },
      { Name: 'x', Role: 'Role/r', Age: '5m', Users: 'u', Groups: '', ServiceAccounts: 'n/s' },
    ],
    [
      'certificate requests',
      kinds.certificateSigningRequests,
      {
        spec: { signerName: 's', username: 'u', expirationSeconds: 3600 },
        status: { conditions: [{ type: 'Approved' }], certificate: 'x' },
      },
      { Name: 'x', Age: '5m', SignerName: 's', Requestor: 'u', RequestedDuration: '60m', Condition: 'Approved,Issued' },
    ],
    [
      'autoscalers',
      kinds.horizontalPodAutoscalers,
      {
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'd' },
          minReplicas: 1,
          maxReplicas: 5,
          metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
        },
        status: {
          currentReplicas: 2,
          currentMetrics: [{ type: 'Resource', resource: { current: { averageUtilization: 20 } } }],
        },
      },
      {
        Name: 'x',
        Reference: 'Deployment/d',
        Targets: 'cpu: 20%/80%',
        MinPods: '1',
        MaxPods: 5,
        Replicas: 2,
        Age: '5m',
      },
    ],
    [
      'disruption budgets',
      kinds.podDisruptionBudgets,
      { spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 1 } },
      { Name: 'x', 'Min Available': '50%', 'Max Unavailable': 'N/A', 'Allowed Disruptions': 1, Age: '5m' },
    ],
    ['kinds without columns of their own', kinds.bindings, {}, { Name: 'x', 'Created At': '2026-01-01T00:55:00Z' }],
  ])('prints %s', (_title, type, object, expected) => {
    expect(printed(type, object)).toEqual(expected);
  });

  it('marks wide columns by priority 1', () => {
    const { columnDefinitions } = tableFor(kinds.pods, [], { now });
    expect(columnDefinitions.filter(({ priority }) => priority === 1).map(({ name }) => name)).toEqual([
      'IP',
      'Node',
      'Nominated Node',
      'Readiness Gates',
    ]);
  });

  it('tells watchers of a table when a pod is finished', () => {
    const { rows } = tableFor(
      kinds.pods,
      [{ metadata, spec: {}, status: { phase: 'Succeeded' } } as KubernetesObject],
      { now },
    );
    expect(rows[0]?.conditions?.[0]).toMatchObject({ type: 'Completed', status: 'True', reason: 'Succeeded' });
  });

  it('prints an object of every kind that has nothing but a name', () => {
    for (const type of builtInResources) {
      const table = tableFor(type, [{ metadata: { name: 'x' } }], { now });
      expect(table.rows[0]?.cells).toHaveLength(table.columnDefinitions.length);
    }
  });

  it('prints custom resources by their own columns', () => {
    const custom = customPrinter([
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Count', type: 'integer', jsonPath: '.spec.count', priority: 1 },
      { name: 'Since', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      { name: 'Missing', type: 'string', jsonPath: '.spec.nope' },
      { name: 'Label', type: 'string', jsonPath: '.metadata.labels.a\\.b/c' },
    ]);
    const object = {
      metadata: { ...metadata, labels: { 'a.b/c': 'v' } },
      spec: { count: 4 },
      status: {
        conditions: [
          { type: 'Other', status: 'x' },
          { type: 'Ready', status: 'True' },
        ],
      },
    };
    expect(custom.columns.map(({ name, priority }) => [name, priority])).toContainEqual(['Count', 1]);
    expect(custom.row(object, { now }).cells).toEqual(['x', 'True', 4, '5m', null, 'v']);
    expect(customPrinter(undefined).row(object, { now }).cells).toEqual(['x', '5m']);
  });
});
