import { fill, within, withinEach } from './fill.js';
import type { DeviceClaim, PriorityClass, ResourceV1ResourceClaim, ResourceClaimTemplate } from '../generated/types.js';

export const defaultPriorityClass = (priorityClass: PriorityClass): PriorityClass =>
  fill(priorityClass, { preemptionPolicy: 'PreemptLowerPriority' });

/** Follows: SetDefaults_ExactDeviceRequest and SetDefaults_DeviceSubRequest (resource.k8s.io/v1). */
const defaultDevices = (claim: DeviceClaim): DeviceClaim =>
  withinEach(claim, 'requests', (request) => {
    const exact = within(request, 'exactly', defaultRequest);
    return withinEach(exact, 'firstAvailable', defaultRequest);
  });

function defaultRequest<
  T extends { readonly allocationMode?: string | undefined; readonly count?: number | undefined },
>(request: T): T {
  const base: { readonly allocationMode?: string | undefined; readonly count?: number | undefined } = request;
  const result = fill(base, { allocationMode: 'ExactCount' });
  return (result.allocationMode === 'ExactCount' ? fill(result, { count: 1 }) : result) as T;
}

export const defaultResourceClaim = (claim: ResourceV1ResourceClaim): ResourceV1ResourceClaim =>
  within(claim, 'spec', (spec) => within(spec, 'devices', defaultDevices));

export const defaultResourceClaimTemplate = (template: ResourceClaimTemplate): ResourceClaimTemplate =>
  within(template, 'spec', (outer) => within(outer, 'spec', (spec) => within(spec, 'devices', defaultDevices)));
