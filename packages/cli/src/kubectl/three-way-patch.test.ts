import type { Deployment, JsonObject } from '@geobuk/api';
import { applyMergePatch, applyStrategicMergePatch, asJson, deployments, schemaOf } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { threeWayPatch } from './three-way-patch.js';

const pods = (containers: readonly unknown[], more: JsonObject = {}): JsonObject =>
  asJson({ spec: { template: { spec: { containers, ...more } } } });

describe('three-way patch, strategic', () => {
  it.each<[string, JsonObject | undefined, JsonObject, JsonObject, unknown]>([
    ['nothing to do', pods([{ name: 'a' }]), pods([{ name: 'a' }]), pods([{ name: 'a', image: 'theirs' }]), undefined],
    [
      'changes one container by name and keeps what others set in it',
      pods([{ name: 'a', image: '1' }]),
      pods([{ name: 'a', image: '2' }]),
      pods([{ name: 'a', image: '1', imagePullPolicy: 'Always' }]),
      pods([{ name: 'a', image: '2', imagePullPolicy: 'Always' }]),
    ],
    [
      'removes a container that was applied before',
      pods([{ name: 'a' }, { name: 'b' }]),
      pods([{ name: 'a' }]),
      pods([{ name: 'a' }, { name: 'b' }, { name: 'injected' }]),
      pods([{ name: 'a' }, { name: 'injected' }]),
    ],
    [
      'removes a field that was applied before',
      asJson({ spec: { replicas: 3, paused: true } }),
      asJson({ spec: { paused: true } }),
      asJson({ spec: { replicas: 3, paused: true, minReadySeconds: 1 } }),
      asJson({ spec: { paused: true, minReadySeconds: 1 } }),
    ],
    [
      'replaces lists that do not merge',
      pods([{ name: 'a', args: ['x', 'y'] }]),
      pods([{ name: 'a', args: ['z'] }]),
      pods([{ name: 'a', args: ['x', 'y'] }]),
      pods([{ name: 'a', args: ['z'] }]),
    ],
    [
      'drops what a new strategy has no room for',
      asJson({ spec: { strategy: { type: 'RollingUpdate' } } }),
      asJson({ spec: { strategy: { type: 'Recreate' } } }),
      asJson({ spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }),
      asJson({ spec: { strategy: { type: 'Recreate' } } }),
    ],
  ])('%s', (_title, original, modified, current, expected) => {
    const patch = threeWayPatch(original, modified, current, schemaOf(deployments));
    if (expected === undefined) expect(patch).toBeUndefined();
    else
      expect(applyStrategicMergePatch<unknown>(deployments, current as unknown as Deployment, patch)).toEqual(expected);
  });
});

describe('three-way patch of custom resources', () => {
  it('is a merge patch: lists as a whole', () => {
    const current = asJson({ spec: { list: [1, 2], keep: true, gone: 1 } });
    const patch = threeWayPatch(
      asJson({ spec: { list: [1, 2], gone: 1 } }),
      asJson({ spec: { list: [3] } }),
      current,
      undefined,
    );
    expect(applyMergePatch(current, patch)).toEqual({ spec: { list: [3], keep: true } });
  });
});
