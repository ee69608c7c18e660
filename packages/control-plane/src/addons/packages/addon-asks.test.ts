import type { KubernetesObject } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { asksBeyond, asksOf, asksText } from './addon-asks.js';

const object = (kind: string, rest: object = {}, metadata: object = {}): KubernetesObject =>
  ({ apiVersion: 'v1', kind, metadata: { name: 'x', ...metadata }, ...rest }) as KubernetesObject;
const daemonSet = (spec: object): KubernetesObject =>
  object('DaemonSet', { spec: { template: { spec: { containers: [], ...spec } } } }, { namespace: 'kube-system' });
const role = (...rules: readonly object[]): KubernetesObject => object('ClusterRole', { rules });

describe('what an addon from outside asks for (A11)', () => {
  const cases: readonly (readonly [string, readonly KubernetesObject[], readonly string[]])[] = [
    ['nothing for plain pods', [daemonSet({ containers: [{ name: 'c' }] })], []],
    [
      'nothing for reading what is no secret',
      [role({ apiGroups: [''], resources: ['pods'], verbs: ['get', 'watch'] })],
      [],
    ],
    [
      'host',
      [daemonSet({ runtimeClassName: 'host', hostNetwork: true })],
      ['host: run as root on the nodes themselves: DaemonSet x'],
    ],
    [
      'the network of the node',
      [daemonSet({ hostNetwork: true })],
      ['privileged: DaemonSet x with the network of the node'],
    ],
    [
      'paths, capabilities and privileges',
      [
        daemonSet({
          volumes: [{ name: 'v', hostPath: { path: '/etc' } }],
          initContainers: [{ name: 'i', securityContext: { privileged: true, capabilities: { add: ['NET_ADMIN'] } } }],
        }),
      ],
      ["privileged: DaemonSet x with the node's /etc, privileged containers, NET_ADMIN"],
    ],
    [
      'rights to write, by verb and resource',
      [role({ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'create', 'delete'] })],
      ['write: create, delete deployments.apps'],
    ],
    ['Secrets', [role({ apiGroups: [''], resources: ['secrets'], verbs: ['get'] })], ['secrets: read Secrets']],
    [
      'everything',
      [role({ apiGroups: ['*'], resources: ['*'], verbs: ['*'] })],
      ['secrets: read everything, Secrets too', 'write: * *.*'],
    ],
    [
      'the rights of a role that it does not bring',
      [object('ClusterRoleBinding', { roleRef: { kind: 'ClusterRole', name: 'cluster-admin' } })],
      ['bind: have the rights of ClusterRole cluster-admin'],
    ],
    ['kinds', [object('CustomResourceDefinition')], ['kinds: add to the API: CustomResourceDefinition x']],
    [
      'a say in what others write',
      [object('MutatingWebhookConfiguration')],
      ['admission: decide on what others write: MutatingWebhookConfiguration x'],
    ],
    [
      'other namespaces',
      [object('ConfigMap', {}, { namespace: 'default' })],
      ['elsewhere: bring ConfigMap x into the namespace default'],
    ],
    [
      'pods of jobs',
      [
        object('CronJob', {
          spec: { jobTemplate: { spec: { template: { spec: { containers: [], hostPID: true } } } } },
        }),
      ],
      ['privileged: CronJob x with the processes of the node'],
    ],
  ];
  for (const [title, objects, expected] of cases)
    it(`names ${title}`, () => expect(asksOf(objects).map(({ name, text }) => `${name}: ${text}`)).toEqual(expected));

  it('leaves what is allowed by name', () => {
    const asks = asksOf([daemonSet({ runtimeClassName: 'host' }), object('APIService')]);
    expect(asksText(asksBeyond(asks, ['kinds']))).toBe('host (run as root on the nodes themselves: DaemonSet x)');
    expect(asksBeyond(asks)).toEqual(asks);
  });
});
