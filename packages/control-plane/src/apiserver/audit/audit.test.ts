import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

interface AuditEvent {
  readonly level: string;
  readonly auditID: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: { readonly username?: string };
  readonly impersonatedUser?: { readonly username: string };
  readonly objectRef?: Readonly<Record<string, string>>;
  readonly responseStatus?: { readonly code: number; readonly reason?: string };
  readonly requestObject?: { readonly metadata: object; readonly data?: object };
  readonly responseObject?: { readonly metadata: object; readonly items?: readonly { readonly metadata: object }[] };
  readonly annotations?: Readonly<Record<string, string>>;
}

const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    users: [quiet]
  - level: None
    nonResourceURLs: ['/healthz*']
  - level: RequestResponse
    resources: [{group: '', resources: [configmaps], resourceNames: []}]
    omitManagedFields: true
  - level: Request
    verbs: [create]
    namespaces: [default]
  - level: Metadata
`;
const maps = '/api/v1/namespaces/default/configmaps';

describe('the audit log', () => {
  const directory = mkdtempSync(join(tmpdir(), 'geobuk-audit-'));
  const path = join(directory, 'logs', 'audit.log');
  let server: TestServer;
  beforeAll(async () => {
    const policyFile = join(directory, 'policy.yaml');
    writeFileSync(policyFile, policy);
    const log = { path, maxAgeDays: 0, maxBackups: 0, maxSizeMiB: 100, compress: false };
    server = await startTestServer({ apiServer: { audit: { policyFile, log } } });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const eventsOf = (id: unknown, count = 1): Promise<readonly AuditEvent[]> =>
    vi.waitFor(
      () => {
        const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
        const found = lines.map((line) => JSON.parse(line) as AuditEvent).filter(({ auditID }) => auditID === id);
        expect(found.length).toBeGreaterThanOrEqual(count);
        return found;
      },
      { timeout: 10_000 },
    );
  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, managedFields: [] },
    data: { a: '1' },
  });

  it('1.17.4 tells who did what, with the objects where the policy wants them and without managedFields', async () => {
    const made = await server.call(maps, { body: configMap('seen') });
    const [event, ...more] = await eventsOf(made.headers['audit-id']);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      level: 'RequestResponse',
      stage: 'ResponseComplete',
      requestURI: maps,
      verb: 'create',
      user: { username: 'admin' },
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'seen', apiVersion: 'v1' },
      responseStatus: { code: 201 },
      requestObject: { data: { a: '1' } },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    });
    expect(event?.responseObject?.metadata).toHaveProperty('uid');
    expect(event?.responseObject?.metadata).not.toHaveProperty('managedFields');
    const listed = await server.call(maps);
    const [list] = await eventsOf(listed.headers['audit-id']);
    expect(list?.responseObject?.items?.[0]?.metadata).not.toHaveProperty('managedFields');
  });

  it('1.17.4 tells of the sent object only, or of neither, where the policy says so', async () => {
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: 'b' } };
    const made = await server.call('/api/v1/namespaces/default/secrets', { body });
    const [request] = await eventsOf(made.headers['audit-id']);
    expect(request?.level).toBe('Request');
    expect(request?.requestObject).toMatchObject({ stringData: { a: 'b' } });
    expect(request).not.toHaveProperty('responseObject');
    const read = await server.call('/api/v1/namespaces/default/secrets/s');
    const [metadata] = await eventsOf(read.headers['audit-id']);
    expect(metadata?.level).toBe('Metadata');
    expect(metadata).not.toHaveProperty('requestObject');
  });

  it('1.17.4 tells of refusals, with the reason, and of whom somebody acted as', async () => {
    const refused = await server.call('/api/v1/namespaces/default/pods', { headers: { 'impersonate-user': 'bob' } });
    const [event] = await eventsOf(refused.headers['audit-id']);
    expect(event).toMatchObject({
      user: { username: 'admin' },
      impersonatedUser: { username: 'bob' },
      responseStatus: { code: 403, reason: 'Forbidden' },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    });
    const unknown = await server.call('/api/v1/pods', {
      certificate: null,
      headers: { authorization: 'Bearer nonsense' },
    });
    expect(unknown.status).toBe(401);
    const [nobody] = await eventsOf(unknown.headers['audit-id']);
    expect(nobody).toMatchObject({ user: {}, responseStatus: { code: 401, reason: 'Unauthorized' } });
  });

  it('1.17.4 a watch is told of when it starts and when it ends', async () => {
    const watch = await server.open(`${maps}?watch=true&timeoutSeconds=1`);
    watch.resume();
    const events = await eventsOf(watch.headers['audit-id'], 2);
    expect(events.map(({ stage, verb }) => [stage, verb])).toEqual([
      ['ResponseStarted', 'watch'],
      ['ResponseComplete', 'watch'],
    ]);
  });

  it('1.17.4 names the binding that allowed a request', async () => {
    const allowed = await server.call('/version', { certificate: null });
    const [event] = await eventsOf(allowed.headers['audit-id']);
    expect(event?.annotations?.['authorization.k8s.io/reason']).toBe(
      'RBAC: allowed by ClusterRoleBinding "system:public-info-viewer" of ClusterRole "system:public-info-viewer" to Group "system:unauthenticated"',
    );
  });

  it('1.17.4 the first rule that fits decides, also when it says nothing', async () => {
    await server.call('/healthz/ping');
    const last = await server.call('/version');
    await eventsOf(last.headers['audit-id']);
    expect(readFileSync(path, 'utf8')).not.toContain('/healthz/ping');
  });

  it('1.17.4 counts events and levels in /metrics', async () => {
    const { text } = await server.call('/metrics');
    expect(text).toMatch(/apiserver_audit_event_total [1-9]/);
    expect(text).toMatch(/apiserver_audit_level_total\{level="Metadata"\} [1-9]/);
  });

  it('2.9.1 2.10.1 policies in CEL and Pod Security leave their notes', async () => {
    const admission = '/apis/admissionregistration.k8s.io/v1';
    const apiVersion = 'admissionregistration.k8s.io/v1';
    await server.call(`${admission}/validatingadmissionpolicies`, {
      body: {
        apiVersion,
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name: 'notes' },
        spec: {
          matchConstraints: {
            resourceRules: [
              { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
            ],
          },
          validations: [{ expression: 'false', message: 'never' }],
          auditAnnotations: [{ key: 'size', valueExpression: 'string(size(object.data))' }],
        },
      },
    });
    await server.call(`${admission}/validatingadmissionpolicybindings`, {
      body: {
        apiVersion,
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: 'notes-b' },
        spec: { policyName: 'notes', validationActions: ['Audit'] },
      },
    });
    const made = await server.call(maps, { body: configMap('noted') });
    expect(made.status).toBe(201);
    const [event] = await eventsOf(made.headers['audit-id']);
    expect(event?.annotations?.['notes/size']).toBe('1');
    expect(JSON.parse(event?.annotations?.['validation.policy.admission.k8s.io/validation_failure'] ?? '')).toEqual([
      { message: 'never', policy: 'notes', binding: 'notes-b', expressionIndex: 0, validationActions: ['Audit'] },
    ]);
    const labels = { 'pod-security.kubernetes.io/audit': 'baseline' };
    await server.call('/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'watched', labels } },
    });
    await server.call('/api/v1/namespaces/watched/serviceaccounts', {
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
    });
    const pod = await server.call('/api/v1/namespaces/watched/pods', {
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { hostPID: true, containers: [{ name: 'c', image: 'example.test/a:1' }] },
      },
    });
    const [ofPod] = await eventsOf(pod.headers['audit-id']);
    expect(ofPod?.annotations).toMatchObject({
      'pod-security.kubernetes.io/enforce-policy': 'privileged:latest',
      'pod-security.kubernetes.io/audit-violations':
        'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    });
  });
});
