import { describe, expect, it } from 'vitest';
import { ApiError } from '../status.js';
import {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufList,
  encodeProtobufMessage,
  encodeWatchFrame,
  protobufDefinition,
} from './envelope.js';

const roundTrip = (object: Record<string, unknown>): unknown => decodeProtobuf(encodeProtobuf(object) as Buffer);

describe('protobuf', () => {
  it.each<[string, Record<string, unknown>]>([
    [
      'a ConfigMap with binary data',
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'c', namespace: 'default', labels: { b: '2', a: '1' } },
        data: { k: 'v', empty: '' },
        binaryData: { x: 'AAEC' },
      },
    ],
    [
      'a Deployment: pointers to zero, quantities, ports by name or number, embedded volume sources',
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: {
          name: 'web',
          creationTimestamp: '2030-01-02T03:04:05Z',
          generation: 3,
          managedFields: [
            {
              manager: 'm',
              operation: 'Apply',
              apiVersion: 'apps/v1',
              fieldsType: 'FieldsV1',
              time: '2030-01-02T03:04:05Z',
              fieldsV1: { 'f:spec': { 'f:replicas': {} } },
            },
          ],
        },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: 'web' } },
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: {
              terminationGracePeriodSeconds: 0,
              automountServiceAccountToken: false,
              securityContext: { runAsUser: 0 },
              containers: [
                {
                  name: 'c',
                  image: 'i',
                  resources: { limits: { cpu: '500m', memory: '1Gi' } },
                  livenessProbe: { httpGet: { port: 'http', path: '/' }, periodSeconds: 5 },
                  env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: false } } }],
                },
              ],
              volumes: [
                { name: 'v', configMap: { name: 'c', defaultMode: 420 } },
                { name: 'e', emptyDir: { sizeLimit: '1Gi' } },
              ],
            },
          },
        },
      },
    ],
    [
      'a Lease with microseconds',
      {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'n' },
        spec: { holderIdentity: 'x', renewTime: '2030-01-02T03:04:05.123456Z', leaseDurationSeconds: 40 },
      },
    ],
    [
      'a CertificateSigningRequest with extra',
      {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name: 'c' },
        spec: { request: 'AAEC', signerName: 's', usages: ['client auth'], extra: { k: ['a', 'b'] } },
      },
    ],
    [
      'a CRD with every kind of schema',
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'x.y' },
        spec: {
          group: 'y',
          names: { plural: 'x', kind: 'X' },
          scope: 'Namespaced',
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: {
                    a: { type: 'array', items: { type: 'string', enum: ['p', 'q'] }, default: ['p'] },
                    b: { type: 'object', additionalProperties: { type: 'integer', minimum: 0 } },
                    c: { type: 'object', additionalProperties: true, 'x-kubernetes-preserve-unknown-fields': true },
                  },
                },
              },
            },
          ],
        },
      },
    ],
    [
      'a Node with conditions and capacity',
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'n' },
        spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] },
        status: {
          capacity: { pods: '110' },
          conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2030-01-02T03:04:05Z' }],
          daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
        },
      },
    ],
    [
      'a Status',
      {
        apiVersion: 'v1',
        kind: 'Status',
        status: 'Failure',
        message: 'm',
        reason: 'NotFound',
        details: { name: 'n', kind: 'pods', causes: [{ reason: 'r', field: 'f' }] },
        code: 404,
      },
    ],
    [
      'a list',
      {
        apiVersion: 'v1',
        kind: 'PodList',
        metadata: { resourceVersion: '7' },
        items: [{ metadata: { name: 'p' }, spec: { containers: [{ name: 'c' }] } }],
      },
    ],
    [
      'big and negative numbers',
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers: [], priority: -10, activeDeadlineSeconds: 4_000_000_000 },
      },
    ],
  ])('comes back as it was: %s', (_title, object) => {
    const normal = JSON.parse(JSON.stringify(object)) as { spec?: { containers?: unknown[] } };
    if (normal.spec?.containers?.length === 0) delete normal.spec.containers;
    expect(roundTrip(object)).toEqual(normal);
  });

  it('leaves out what Go leaves out: zeros that are not pointers', () => {
    // stdin = false (16), periodSeconds = 0 of a probe: written by Go, absent in JSON.
    const bytes = encodeProtobuf({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', generation: 0 },
      spec: {
        containers: [{ name: 'c', stdin: false, imagePullPolicy: '' }],
        hostNetwork: false,
        enableServiceLinks: false,
      },
    }) as Buffer;
    expect(decodeProtobuf(bytes)).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c' }], enableServiceLinks: false },
    });
  });

  it.each(['Pod', 'PodList', 'Status', 'DeleteOptions', 'Binding'])('knows %s', (kind) =>
    expect(protobufDefinition('v1', kind)).toBeDefined(),
  );
  it('has no form for custom resources', () =>
    expect(encodeProtobuf({ apiVersion: 'example.org/v1', kind: 'Thing' })).toBeUndefined());

  it('frames watch events by their length', () => {
    const frame = encodeWatchFrame('ADDED', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }) as Buffer;
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  });

  it('refuses damaged messages and never anything worse', () => {
    const valid = encodeProtobuf({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: { a: 'b' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    }) as Buffer;
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (let i = 0; i < 5_000; i += 1) {
      const damaged = Buffer.from(valid.subarray(0, 4 + Math.floor(random() * (valid.length - 3))));
      for (let flips = 0; flips < 3 && damaged.length > 5; flips += 1)
        damaged[4 + Math.floor(random() * (damaged.length - 4))] = Math.floor(random() * 256);
      try {
        decodeProtobuf(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(ApiError);
      }
    }
    expect(() => decodeProtobuf(Buffer.from('{"kind":"Pod"}'))).toThrow('does not appear to be a protobuf message');
  });

  it('a list of items that were encoded before is the list encoded at once', () => {
    const head = { apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: '7', continue: 'x' } };
    const items = ['a', 'b'].map((name) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data: { name },
    }));
    const pieces = encodeProtobufList(
      head,
      items.map((item) => encodeProtobufMessage(item) as Uint8Array),
    );
    expect(Buffer.concat(pieces)).toEqual(encodeProtobuf({ ...head, items }));
  });
});
