import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configMaps, deployments, leases, pods, secrets, services } from '../generated/resources.js';
import { ApiError } from '../status.js';
import { deepFreeze, jsonObject } from '../testing/arbitrary-json.js';
import { checkFields, decodeObject, strictDecodingError, strictDecodingTexts } from './decode-object.js';

describe('decoding built-in kinds', () => {
  it('gives the same object back when nothing has to change', () => {
    const pod = deepFreeze({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const { object, unknownFields } = decodeObject(pods, pod);
    expect(object).toBe(pod);
    expect(unknownFields).toEqual([]);
  });

  it('drops and names what a kind does not have', () => {
    const { object, unknownFields } = decodeObject<unknown>(
      pods,
      deepFreeze({ metadata: { name: 'p', nme: 1 }, spec: { containers: [{ name: 'c', imag: 'i' }] }, foo: 1 }),
    );
    expect(object).toEqual({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c' }] } });
    expect(unknownFields).toEqual(['metadata.nme', 'spec.containers[0].imag', 'foo']);
    expect(strictDecodingTexts(unknownFields, ['spec.x'])).toContain('unknown field "spec.containers[0].imag"');
    expect(strictDecodingError(deployments, ['unknown field "spec.foo"', 'duplicate field "a"']).message).toBe(
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo", duplicate field "a"',
    );
  });

  it('writes quantities canonically, also those given as numbers', () => {
    const resources = { limits: { cpu: 1, memory: '1024Mi' }, requests: { cpu: '1000m', memory: '0.5Gi' } };
    const { object } = decodeObject<unknown>(pods, { spec: { containers: [{ name: 'c', resources }] } });
    expect(object).toEqual({
      spec: {
        containers: [
          {
            name: 'c',
            resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '512Mi' } },
          },
        ],
      },
    });
  });

  it('writes times as the API server does', () => {
    const { object } = decodeObject<unknown>(leases, {
      metadata: { creationTimestamp: '2026-01-02T03:04:05.678+01:00' },
      spec: { renewTime: '2026-01-02T03:04:05.1Z' },
    });
    expect(object).toEqual({
      metadata: { creationTimestamp: '2026-01-02T02:04:05Z' },
      spec: { renewTime: '2026-01-02T03:04:05.100000Z' },
    });
  });

  it('drops null and empty optional containers, keeps empty structs', () => {
    const { object } = decodeObject<unknown>(pods, {
      metadata: { name: 'p', labels: {}, creationTimestamp: null, finalizers: [] },
      spec: { containers: [], volumes: [{ name: 'v', emptyDir: {} }], securityContext: {} },
    });
    expect(object).toEqual({
      metadata: { name: 'p' },
      spec: { containers: [], volumes: [{ name: 'v', emptyDir: {} }], securityContext: {} },
    });
  });

  it('takes a null in a map for the empty value', () => {
    expect(decodeObject<unknown>(configMaps, { data: { a: null } }).object).toEqual({ data: { a: '' } });
  });

  it.each([
    [
      deployments,
      { spec: { replicas: 'x' } },
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [deployments, { spec: { replicas: 1.5 } }, 'cannot unmarshal number 1.5 into Go struct field'],
    [deployments, { spec: { replicas: 3_000_000_000 } }, 'cannot unmarshal number into Go struct field'],
    [
      pods,
      { spec: { containers: {} } },
      'cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [pods, { metadata: { labels: { a: 1 } } }, 'Go struct field ObjectMeta.metadata.labels of type string'],
    [pods, { spec: [] }, 'cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec'],
    [
      pods,
      { spec: { containers: [{ resources: { limits: { cpu: 'x' } } }] } },
      'Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
    ],
    [secrets, { data: { a: '@@' } }, 'illegal base64 data at input byte 0'],
    [services, { spec: { ports: [{ targetPort: true }] } }, 'cannot unmarshal bool'],
    [pods, { metadata: { creationTimestamp: 'yesterday' } }, 'parsing time "yesterday" as'],
  ])('%# refuses with the text users know', (type, object, message) => {
    expect(() => decodeObject<unknown>(type, object)).toThrow(message);
  });

  it('is its own fixed point and never changes its input, whatever comes', () => {
    fc.assert(
      fc.property(jsonObject, (spec) => {
        const input = deepFreeze({ metadata: { name: 'x', labels: { a: 'b' } }, spec, ...spec });
        try {
          const { object } = decodeObject<unknown>(pods, input);
          expect(checkFields(pods, object)).toEqual([]);
          expect(decodeObject(pods, object).object).toBe(object);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
    );
  });
});
