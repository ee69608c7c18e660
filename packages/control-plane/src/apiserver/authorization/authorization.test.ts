import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bootstrapClusterRoles } from '../bootstrap/rbac-policy.js';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const reviews = '/apis/authorization.k8s.io/v1';

interface Decision {
  readonly allowed: boolean;
  readonly denied?: boolean;
  readonly reason?: string;
}

describe('authorization', () => {
  let server: TestServer;
  let counter = 0;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const as = (user: string, ...groups: readonly string[]) => ({
    'impersonate-user': user,
    ...(groups.length === 0 ? {} : { 'impersonate-group': [...groups] }),
  });
  const role = (name: string, rules: readonly object[], namespace?: string) =>
    server.call(namespace === undefined ? `${rbac}/clusterroles` : `${rbac}/namespaces/${namespace}/roles`, {
      body: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: namespace === undefined ? 'ClusterRole' : 'Role',
        metadata: { name },
        rules,
      },
    });
  const bindingOf = (name: string, kind: string, subjects: readonly object[], namespace?: string) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects,
  });
  const bind = (name: string, kind: string, subjects: readonly object[], namespace?: string) =>
    server.call(
      namespace === undefined ? `${rbac}/clusterrolebindings` : `${rbac}/namespaces/${namespace}/rolebindings`,
      { body: bindingOf(name, kind, subjects, namespace) },
    );
  const newUser = () => `user-${++counter}`;
  const subject = (name: string) => ({ kind: 'User', name });
  /** A user who holds these rules, in the whole cluster or in one namespace. */
  const holder = async (rules: readonly object[], namespace?: string) => {
    const name = newUser();
    await role(name, rules, namespace);
    await bind(name, namespace === undefined ? 'ClusterRole' : 'Role', [subject(name)], namespace);
    return name;
  };
  const statusOf = async (path: string, user: string, ...groups: readonly string[]) =>
    (await server.call(path, { headers: as(user, ...groups) })).status;
  const review = async (spec: object, kind = 'SubjectAccessReview', headers = {}) => {
    const { status, json } = await server.call(`${reviews}/${kind.toLowerCase()}s`, {
      body: { apiVersion: 'authorization.k8s.io/v1', kind, spec },
      headers,
    });
    return { status, decision: json.status as unknown as Decision };
  };

  it('2.2.2 reviews say what may be done, with the reason, about oneself and about others', async () => {
    const user = await holder([{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    const pods = { verb: 'list', resource: 'pods', namespace: 'default' };
    const { status, decision } = await review({ user, resourceAttributes: pods });
    expect([status, decision]).toEqual([
      201,
      {
        allowed: true,
        reason: `RBAC: allowed by ClusterRoleBinding "${user}" of ClusterRole "${user}" to User "${user}"`,
      },
    ]);
    const others = { ...pods, resource: 'secrets' };
    expect((await review({ user, resourceAttributes: others })).decision).toEqual({ allowed: false });
    const self = await review({ resourceAttributes: pods }, 'SelfSubjectAccessReview', as(user));
    expect(self.decision.allowed).toBe(true);
    const path = await review({
      user,
      groups: ['system:authenticated'],
      nonResourceAttributes: { verb: 'get', path: '/version' },
    });
    expect(path.decision.allowed).toBe(true);
    const local = (namespace: string) =>
      server.call(`${reviews}/namespaces/default/localsubjectaccessreviews`, {
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'LocalSubjectAccessReview',
          metadata: { namespace: 'default' },
          spec: { user, resourceAttributes: { ...pods, namespace } },
        },
      });
    expect((await local('default')).json.status).toMatchObject({ allowed: true });
    expect((await local('kube-system')).status).toBeGreaterThanOrEqual(400);
    expect((await review({ user })).status).toBeGreaterThanOrEqual(400);
    expect((await server.call(`${reviews}/subjectaccessreviews`)).status).toBe(405);
  });

  it('2.2.3 SelfSubjectRulesReview lists what one holds', async () => {
    const user = await holder([{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] }], 'default');
    const { json } = await server.call(`${reviews}/selfsubjectrulesreviews`, {
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: 'default' } },
      headers: as(user),
    });
    const { resourceRules, nonResourceRules, incomplete } = json.status as unknown as {
      resourceRules: object[];
      nonResourceRules: { nonResourceURLs: string[] }[];
      incomplete: boolean;
    };
    expect(resourceRules).toContainEqual({ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] });
    expect(nonResourceRules.flatMap(({ nonResourceURLs }) => nonResourceURLs)).toContain('/healthz');
    expect(incomplete).toBe(false);
  });

  it('2.2.4 everybody may ask about himself, about others only an auth delegator', async () => {
    const user = newUser();
    const spec = { resourceAttributes: { verb: 'get', resource: 'pods' } };
    expect((await review(spec, 'SelfSubjectAccessReview', as(user))).status).toBe(201);
    expect((await review({ ...spec, user: 'x' }, 'SubjectAccessReview', as(user))).status).toBe(403);
    await server.call(`${rbac}/clusterrolebindings`, {
      body: {
        ...bindingOf(user, 'ClusterRole', [subject(user)]),
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
      },
    });
    expect((await review({ ...spec, user: 'x' }, 'SubjectAccessReview', as(user))).status).toBe(201);
  });

  it('2.4.1 the node authorizer decides before RBAC; masters may everything; who has no answer is refused', async () => {
    expect(await statusOf('/api/v1/nodes/n1', 'system:node:n1', 'system:nodes')).toBe(404);
    expect(await statusOf('/api/v1/nodes/n1', 'any', 'system:masters')).toBe(404);
    expect(await statusOf('/api/v1/nodes/n1', newUser())).toBe(403);
  });

  it('2.4.2 rules have wildcards, subresources and paths; a RoleBinding may name a ClusterRole', async () => {
    const every = await holder([{ apiGroups: ['*'], resources: ['*'], verbs: ['list'] }]);
    expect(await statusOf('/apis/apps/v1/deployments', every)).toBe(200);
    expect(await statusOf('/api/v1/namespaces/default/configmaps/x', every)).toBe(403);
    const logs = await holder([{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }]);
    expect(await statusOf('/api/v1/namespaces/default/pods/x/log', logs)).toBe(404);
    expect(await statusOf('/api/v1/namespaces/default/pods/x', logs)).toBe(403);
    const scales = await holder([{ apiGroups: ['*'], resources: ['*/scale'], verbs: ['get'] }]);
    expect(await statusOf('/apis/apps/v1/namespaces/default/deployments/x/scale', scales)).toBe(404);
    const paths = await holder([{ nonResourceURLs: ['/metrics*'], verbs: ['get'] }]);
    expect(await statusOf('/metrics/slis', paths)).toBe(200);
    expect(await statusOf('/debug/geobuk/loops', paths)).toBe(403);
    const local = newUser();
    await role(local, [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    await bind(
      local,
      'ClusterRole',
      [{ kind: 'ServiceAccount', name: local, namespace: 'default' }, subject(local)],
      'default',
    );
    expect(await statusOf('/api/v1/namespaces/default/pods', local)).toBe(200);
    expect(await statusOf('/api/v1/namespaces/default/pods', `system:serviceaccount:default:${local}`)).toBe(200);
    expect(await statusOf('/api/v1/pods', local)).toBe(403);
  });

  it('2.4.3 names of resources do not mean creation, and mean lists only of one object', async () => {
    const user = await holder([{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs: ['*'] }]);
    const maps = '/api/v1/namespaces/default/configmaps';
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine' } };
    expect((await server.call(maps, { body, headers: as(user) })).status).toBe(403);
    expect(await statusOf(`${maps}/mine`, user)).toBe(404);
    expect(await statusOf(maps, user)).toBe(403);
    expect(await statusOf(`${maps}?fieldSelector=metadata.name%3Dmine`, user)).toBe(200);
    expect((await server.call(maps, { method: 'DELETE', headers: as(user) })).status).toBe(403);
  });

  it('2.4.4 nobody gives away what he does not hold, unless he may escalate or bind', async () => {
    const manage = {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles', 'clusterrolebindings'],
      verbs: ['create', 'update'],
    };
    const user = await holder([manage, { apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
    const make = (name: string, resource: string, headers: Record<string, string | string[]>) =>
      server.call(`${rbac}/clusterroles`, {
        headers,
        body: {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: { name },
          rules: [{ apiGroups: [''], resources: [resource], verbs: ['get'] }],
        },
      });
    expect((await make('given-pods', 'pods', as(user))).status).toBe(201);
    const refused = await make('given-secrets', 'secrets', as(user));
    expect([refused.status, refused.json.message]).toEqual([
      403,
      `clusterroles.rbac.authorization.k8s.io "given-secrets" is forbidden: user "${user}" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n` +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
    ]);
    const bound = (headers: Record<string, string | string[]>) =>
      server.call(`${rbac}/clusterrolebindings`, {
        headers,
        body: {
          ...bindingOf(newUser(), 'ClusterRole', [subject('x')]),
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        },
      });
    expect((await bound(as(user))).status).toBe(403);
    const binder = await holder([
      manage,
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
        resourceNames: ['cluster-admin'],
        verbs: ['bind'],
      },
    ]);
    expect((await bound(as(binder))).status).toBe(201);
    const escalator = await holder([
      manage,
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], verbs: ['escalate'] },
    ]);
    expect((await make('given-secrets', 'secrets', as(escalator))).status).toBe(201);
  });

  it('2.4.5 the roleRef of a binding stays', async () => {
    const user = await holder([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
    const body = {
      ...bindingOf(user, 'ClusterRole', [subject(user)]),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    };
    const changed = await server.call(`${rbac}/clusterrolebindings/${user}`, { method: 'PUT', body });
    expect([changed.status, changed.json.message]).toEqual([422, expect.stringContaining('cannot change roleRef')]);
  });

  it('2.4.6 2.4.8 aggregated roles are there from the start: view has no secrets, edit no roles', async () => {
    const rules = (name: string) => {
      const found = bootstrapClusterRoles.find(({ metadata }) => metadata.name === name);
      return (found?.rules ?? []).flatMap(({ resources = [] }) => resources);
    };
    expect(rules('view')).toContain('pods');
    expect(rules('view')).not.toContain('secrets');
    expect(rules('edit')).toEqual(expect.arrayContaining(['secrets', 'pods', 'deployments']));
    expect(rules('edit')).not.toContain('roles');
    expect(rules('admin')).toContain('roles');
    const { json } = await server.call(`${rbac}/clusterroles/view`);
    expect(json).toHaveProperty('aggregationRule');
  });

  it('2.4.7 the roles that charts bind to are there, marked as the system’s, and given back what they lack at a start', async () => {
    const { items = [] } = (await server.call(`${rbac}/clusterroles`)).json;
    const names = items.map(({ metadata }) => metadata.name);
    const expected =
      'cluster-admin admin edit view system:aggregate-to-admin system:aggregate-to-edit system:aggregate-to-view ' +
      'system:discovery system:basic-user system:public-info-viewer system:monitoring system:node ' +
      'system:node-bootstrapper system:node-problem-detector system:node-proxier system:kubelet-api-admin ' +
      'system:auth-delegator system:kube-aggregator system:kube-controller-manager system:kube-scheduler ' +
      'system:volume-scheduler system:kube-dns system:persistent-volume-provisioner system:heapster ' +
      'system:service-account-issuer-discovery system:certificates.k8s.io:certificatesigningrequests:nodeclient ' +
      'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient ' +
      'system:certificates.k8s.io:kube-apiserver-client-approver ' +
      'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver ' +
      'system:certificates.k8s.io:kubelet-serving-approver system:certificates.k8s.io:legacy-unknown-approver ' +
      'system:controller:deployment-controller system:controller:generic-garbage-collector system:controller:namespace-controller';
    expect(names).toEqual(expect.arrayContaining(expected.split(' ')));
    const { json } = await server.call(`${rbac}/clusterroles/system:controller:deployment-controller`);
    expect(json.metadata?.labels).toMatchObject({ 'kubernetes.io/bootstrapping': 'rbac-defaults' });
    expect((json as unknown as { rules: object[] }).rules).toContainEqual({
      apiGroups: ['apps'],
      resources: ['replicasets'],
      verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
    });
    const account = 'system:serviceaccount:kube-system:deployment-controller';
    expect(await statusOf('/apis/apps/v1/replicasets', account)).toBe(200);
  });

  it('2.4.9 what a list is narrowed to counts: reviews take selectors, and nodes need theirs', async () => {
    const attributes = (selector: object) => ({
      user: 'system:node:n1',
      groups: ['system:nodes'],
      resourceAttributes: { verb: 'list', resource: 'pods', version: 'v1', ...selector },
    });
    expect((await review(attributes({ fieldSelector: { rawSelector: 'spec.nodeName=n1' } }))).decision.allowed).toBe(
      true,
    );
    const requirements = [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }];
    expect((await review(attributes({ fieldSelector: { requirements } }))).decision.allowed).toBe(true);
    expect((await review(attributes({ fieldSelector: { rawSelector: 'spec.nodeName=n2' } }))).decision.allowed).toBe(
      false,
    );
    expect((await review(attributes({}))).decision.allowed).toBe(false);
  });

  describe('of nodes', () => {
    const node = as('system:node:n1', 'system:nodes');
    const other = as('system:node:n2', 'system:nodes');
    const pods = '/api/v1/namespaces/default/pods';
    const nodeObject = (name: string, more: object = {}) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, ...more },
    });
    const pod = (name: string, spec: object, annotations: object = {}) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, annotations },
      spec: { containers: [{ name: 'c', image: 'example.test/a:1' }], ...spec },
    });
    beforeAll(async () => {
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
      await server.call('/api/v1/namespaces/default/serviceaccounts', { body: account });
      for (const name of ['n1', 'n2']) await server.call('/api/v1/nodes', { body: nodeObject(name) });
      await server.call(pods, {
        body: pod('on-n1', { nodeName: 'n1', volumes: [{ name: 's', secret: { secretName: 'needed' } }] }),
      });
      for (const name of ['needed', 'foreign'])
        await server.call('/api/v1/namespaces/default/secrets', {
          body: { apiVersion: 'v1', kind: 'Secret', metadata: { name } },
        });
    });

    it('2.5.1 who is called like a node and is in the group of nodes is one', async () => {
      expect((await server.call('/api/v1/nodes/n1', { headers: node })).status).toBe(200);
      expect((await server.call('/api/v1/nodes/n1', { headers: as('system:node:n1', 'others') })).status).toBe(403);
    });

    it('2.5.2 a node reads itself and what its pods need, by name, and nothing else', async () => {
      const code = async (path: string, headers = node) => (await server.call(path, { headers })).status;
      await vi.waitFor(async () => expect(await code('/api/v1/namespaces/default/secrets/needed')).toBe(200));
      expect(await code('/api/v1/namespaces/default/secrets/foreign')).toBe(403);
      expect(await code('/api/v1/namespaces/default/secrets')).toBe(403);
      expect(await code('/api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Dneeded')).toBe(200);
      expect(await code('/api/v1/namespaces/default/secrets/needed', other)).toBe(403);
      expect(await code('/api/v1/nodes/n2')).toBe(403);
      expect(await code('/api/v1/nodes')).toBe(403);
      expect(await code('/api/v1/nodes?fieldSelector=metadata.name%3Dn1')).toBe(200);
      expect(await code('/api/v1/pods')).toBe(403);
      expect(await code('/api/v1/pods?fieldSelector=spec.nodeName%3Dn1')).toBe(200);
      expect(await code(`${pods}/on-n1`, other)).toBe(403);
      expect(await code('/api/v1/persistentvolumes/foreign')).toBe(403);
      expect(await code('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2')).toBe(403);
      expect(await code('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1')).toBe(404);
      const token = await server.call('/api/v1/namespaces/default/serviceaccounts/default/token', {
        headers: node,
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
      });
      expect([token.status, token.json.message]).toEqual([
        403,
        expect.stringContaining('node requested token not bound to a pod'),
      ]);
    });

    it('2.5.3 a node changes itself and its own pods only, and not all of itself', async () => {
      const refusals: [string, object, string][] = [
        ['/api/v1/nodes', nodeObject('n3'), 'node "n1" is not allowed to modify node "n3"'],
        [pods, pod('plain', { nodeName: 'n1' }), 'can only create mirror pods'],
        [
          pods,
          pod('mirror', { nodeName: 'n2' }, { 'kubernetes.io/config.mirror': 'x' }),
          'can only create pods with spec.nodeName set to itself',
        ],
        [
          pods,
          pod(
            'mirror',
            { nodeName: 'n1', volumes: [{ name: 's', secret: { secretName: 'foreign' } }] },
            { 'kubernetes.io/config.mirror': 'x' },
          ),
          'can not create pods that reference secrets',
        ],
      ];
      for (const [path, body, why] of refusals) {
        const { status, json } = await server.call(path, { body, headers: node });
        expect([status, json.message]).toEqual([403, expect.stringContaining(why)]);
      }
      const patch = (body: object) =>
        server.call('/api/v1/nodes/n1', {
          method: 'PATCH',
          body,
          headers: { ...node, 'content-type': 'application/merge-patch+json' },
        });
      expect((await patch({ spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } })).json.message).toContain(
        'is not allowed to modify taints',
      );
      expect(
        (await patch({ metadata: { labels: { 'node-restriction.kubernetes.io/a': 'b' } } })).json.message,
      ).toContain('is not allowed to modify labels: node-restriction.kubernetes.io/a');
      expect((await patch({ metadata: { labels: { 'node-role.kubernetes.io/a': 'b' } } })).status).toBe(403);
      expect(
        (await patch({ metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }] } })).json
          .message,
      ).toContain('is not allowed to modify ownerReferences');
      expect((await patch({ metadata: { labels: { 'topology.kubernetes.io/zone': 'z', own: 'yes' } } })).status).toBe(
        200,
      );
      expect((await server.call(`${pods}/on-n1`, { method: 'DELETE', headers: other })).json.message).toContain(
        'can only delete pods with spec.nodeName set to itself',
      );
    });
  });
});
