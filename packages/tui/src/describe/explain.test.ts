import type { Addon, Event, Pod } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { podObject } from '../testing/recorded-fleet.js';
import { addonPreview } from './addon-preview.js';
import { explainPod } from './explain.js';

const event = (reason: string, message: string): Event => ({
  metadata: {},
  involvedObject: {},
  type: 'Warning',
  reason,
  message,
});

const firstTrouble = (pod: Pod, happened: readonly Event[] = []): string => {
  const step = explainPod(pod, happened).find(({ state }) => state !== 'done' && state !== 'unknown');
  return step === undefined
    ? 'none'
    : `${step.name}: ${step.because}${step.advice === undefined ? '' : ` → ${step.advice}`}`;
};

const starting = podObject('p', { phase: 'Pending', waiting: { reason: 'ContainerCreating' } });
const withoutAddress: Pod = { ...starting, status: { ...starting.status, podIP: undefined } };

describe('why is this pod not running', () => {
  it.each<[string, Pod, readonly Event[], string]>([
    ['well', podObject('p'), [], 'none'],
    [
      'no room',
      podObject('p', { node: '', phase: 'Pending' }),
      [],
      'Scheduled: 0/2 nodes are available: 2 Insufficient cpu. → lower its requests, or add room: see :fleet for what nodes have left',
    ],
    [
      'no config map',
      withoutAddress,
      [event('FailedMount', 'configmap "x" not found')],
      'Volumes: configmap "x" not found → make the ConfigMap, Secret or claim it names',
    ],
    [
      'no network',
      withoutAddress,
      [event('NetworkNotReady', 'cni not initialized')],
      'Network: cni not initialized → is the pod network addon Ready? see :addons',
    ],
    [
      'no image',
      podObject('p', { phase: 'Pending', waiting: { reason: 'ErrImagePull', message: 'not found' } }),
      [],
      'Image of main: ErrImagePull: not found → does the image exist, is its registry in reach, and is there a pull secret if it wants one?',
    ],
    [
      'no secret',
      podObject('p', { waiting: { reason: 'CreateContainerConfigError', message: 'secret "s" not found' } }),
      [],
      'Container main: CreateContainerConfigError: secret "s" not found → a ConfigMap or Secret it takes variables from is missing',
    ],
    [
      'no command',
      podObject('p', { waiting: { reason: 'CrashLoopBackOff' }, restarts: 3 }),
      [],
      'Container main: CrashLoopBackOff → last run ended with code 127: its command does not exist in the image',
    ],
  ])('%s', (_, pod, happened, expected) => expect(firstTrouble(pod, happened)).toBe(expected));

  it('names the probe that fails', () => {
    const pod = podObject('p');
    const unready: Pod = { ...pod, status: { ...pod.status, conditions: [{ type: 'Ready', status: 'False' }] } };
    expect(firstTrouble(unready, [event('Unhealthy', 'Readiness probe failed: 503')])).toContain(
      'Ready: Readiness probe failed: 503',
    );
  });
});

const addon = (
  name: string,
  enabled: boolean,
  provides: readonly string[],
  requires: readonly string[],
  conflicts: readonly string[] = [],
): Addon => ({
  metadata: { name },
  spec: { enabled },
  status: { provides, requires, conflicts },
});

describe('addon preview', () => {
  it('blocks what nobody provides for', () => {
    const dns = addon('dns', false, ['dns'], ['pod-network']);
    expect(addonPreview(dns, [dns], true)).toMatchObject({ blocked: true });
    expect(addonPreview(dns, [dns, addon('network', true, ['pod-network'], [])], true)).toMatchObject({
      blocked: false,
    });
  });

  it('blocks rivals', () => {
    const other = addon('other', false, ['pod-network'], [], ['pod-network']);
    expect(addonPreview(other, [other, addon('network', true, ['pod-network'], [])], true).lines).toContain(
      '  ✖ conflicts with network',
    );
  });

  it('lets one of two providers go', () => {
    const one = addon('one', true, ['dns'], []);
    const two = addon('two', true, ['dns'], []);
    const user = addon('user', true, [], ['dns']);
    expect(addonPreview(one, [one, two, user], false).blocked).toBe(false);
    expect(addonPreview(one, [one, user], false).blocked).toBe(true);
  });
});
