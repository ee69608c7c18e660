import type { APIService, APIServiceStatus } from '@geobuk/api';

type Condition = NonNullable<APIServiceStatus['conditions']>[number];

/** Whether an aggregated API answers, and why not. */
export interface Availability {
  readonly isAvailable: boolean;
  readonly reason:
    'Local' | 'Passed' | 'ServiceNotFound' | 'ServiceAccessError' | 'MissingEndpoints' | 'FailedDiscoveryCheck';
  readonly message: string;
}

export const local: Availability = {
  isAvailable: true,
  reason: 'Local',
  message: 'Local APIServices are always available',
};

export const passed: Availability = { isAvailable: true, reason: 'Passed', message: 'all checks passed' };

/** The status that says so; the very same one when it says so already. Pure. Follows: checklist 3.5.2. */
export function statusWith(
  { status = {} }: Pick<APIService, 'status'>,
  { isAvailable, reason, message }: Availability,
  now: string,
): APIServiceStatus {
  const conditions = status.conditions ?? [];
  const before = conditions.find(({ type }) => type === 'Available');
  const value = isAvailable ? 'True' : 'False';
  if (before?.status === value && before.reason === reason && before.message === message) return status;
  const condition: Condition = {
    type: 'Available',
    status: value,
    reason,
    message,
    lastTransitionTime: before?.status === value ? before.lastTransitionTime : now,
  };
  return { ...status, conditions: [...conditions.filter(({ type }) => type !== 'Available'), condition] };
}
