import type { Node, Pod } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { podOf } from '../testing/agent-under-test.js';
import { admissionRefusal } from './admission.js';
import type { AdmissionFacts } from './admission.js';

const node: Node = { metadata: { name: 'n1', labels: { disk: 'ssd' } }, spec: {} };
const facts = (changes: Partial<AdmissionFacts> = {}): AdmissionFacts => ({
  node,
  others: [],
  allocatable: { cpu: '2', memory: '1Gi', pods: '2' },
  allowedUnsafeSysctls: ['net.core.*'],
  pressures: new Set(),
  goesDown: false,
  appArmor: false,
  ...changes,
});
const asking = (requests: Readonly<Record<string, string>>): Pod =>
  podOf({ containers: [{ name: 'main', image: 'web:1', resources: { requests } }] });
const withPort = (hostPort: number, protocol = 'TCP'): Pod =>
  podOf({ containers: [{ name: 'main', image: 'web:1', ports: [{ containerPort: 80, hostPort, protocol }] }] });
const inZone = (operator: string, values: readonly string[]): Pod =>
  podOf({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator, values }] }],
        },
      },
    },
  });
const withSysctl = (name: string): Pod => podOf({ securityContext: { sysctls: [{ name, value: '1' }] } });

describe('7.2.1 a pod that this node cannot take is refused', () => {
  it.each<[string, Pod, Partial<AdmissionFacts>, string]>([
    ['more cpu than is left', asking({ cpu: '1500m' }), { others: [asking({ cpu: '1' })] }, 'OutOfcpu'],
    ['more memory than there is', asking({ memory: '2Gi' }), {}, 'OutOfmemory'],
    ['one pod too many', podOf(), { others: [podOf(), podOf()] }, 'OutOfpods'],
    ['a label that the node lacks', podOf({ nodeSelector: { disk: 'tape' } }), {}, 'NodeAffinity'],
    ['an affinity that the node does not meet', inZone('NotIn', ['ssd']), {}, 'NodeAffinity'],
    ['a port that another pod has', withPort(80), { others: [withPort(80)] }, 'NodePorts'],
    ['another system', podOf({ os: { name: 'windows' } }), {}, 'PodOSNotSupported'],
    ['a node that goes down', podOf(), { goesDown: true }, 'NodeShutdown'],
    ['a node in need', podOf(), { pressures: new Set(['DiskPressure']) }, 'Evicted'],
    [
      'strict groups',
      podOf({ securityContext: { supplementalGroupsPolicy: 'Strict' } }),
      {},
      'SupplementalGroupsPolicyNotSupported',
    ],
    [
      'AppArmor where there is none',
      podOf({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }),
      {},
      'AppArmor',
    ],
  ])('for %s', (_title, pod, changes, reason) => {
    expect(admissionRefusal(pod, facts(changes))?.reason).toBe(reason);
  });

  it.each<[string, Pod, Partial<AdmissionFacts>]>([
    ['asks for what is left', asking({ cpu: '1', memory: '1Gi' }), { others: [asking({ cpu: '1' })] }],
    ['meets the affinity', inZone('In', ['ssd']), {}],
    ['wants the same port of another protocol', withPort(80, 'UDP'), { others: [withPort(80)] }],
    ['is critical', podOf({ priority: 2_000_000_000 }), { pressures: new Set(['DiskPressure']) }],
    ['runs free of AppArmor', podOf({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }), {}],
    [
      'wants a profile that the kernel knows',
      podOf({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }),
      { appArmor: true },
    ],
  ])('but not one that %s', (_title, pod, changes) => {
    expect(admissionRefusal(pod, facts(changes))).toBeUndefined();
  });

  it.each([
    ['kernel.shm_rmid_forced', undefined],
    ['net.ipv4.tcp_rmem', undefined],
    ['net.core.somaxconn', undefined],
    ['kernel.msgmax', { reason: 'SysctlForbidden', message: 'forbidden sysctl: "kernel.msgmax" not allowlisted' }],
  ])('7.9.2 for a sysctl that is neither safe nor allowed: %s', (name, expected) => {
    expect(admissionRefusal(withSysctl(name), facts())).toEqual(expected);
  });
});
