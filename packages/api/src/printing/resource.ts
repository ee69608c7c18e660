import { ageCell, nameCell, printer } from './table.js';
import type { ComponentStatus, ResourceSlice, ResourceV1ResourceClaim } from '../generated/types.js';
import type { KubernetesObject } from '../object.js';

/** Devices: claims, what drivers offer, classes and templates. */
export const resourceClaimPrinter = printer<ResourceV1ResourceClaim>({
  Name: nameCell,
  State: ({ metadata, status }) => {
    const isLeaving = metadata.deletionTimestamp !== undefined;
    const states = isLeaving ? ['deleted'] : [];
    if (status?.allocation === undefined) return [...states, ...(isLeaving ? [] : ['pending'])].join(',');
    return [...states, 'allocated', ...((status.reservedFor ?? []).length > 0 ? ['reserved'] : [])].join(',');
  },
  Age: ageCell,
});

export const resourceSlicePrinter = printer<ResourceSlice>({
  Name: nameCell,
  Node: ({ spec }) => spec?.nodeName ?? '',
  Driver: ({ spec }) => spec?.driver ?? '',
  Pool: ({ spec }) => spec?.pool?.name ?? '',
  Age: ageCell,
});

export const nameAndAgePrinter = printer<KubernetesObject>({ Name: nameCell, Age: ageCell });

export const componentStatusPrinter = printer<ComponentStatus>({
  Name: nameCell,
  Status: (component) => {
    const condition = healthOf(component);
    if (condition === undefined) return 'Unknown';
    return condition.status === 'True' ? 'Healthy' : 'Unhealthy';
  },
  Message: (component) => healthOf(component)?.message ?? '',
  Error: (component) => healthOf(component)?.error ?? '',
});

const healthOf = ({ conditions }: ComponentStatus) => conditions?.find(({ type }) => type === 'Healthy');
