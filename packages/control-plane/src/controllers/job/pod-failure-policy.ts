import type { Job, Pod, PodFailurePolicyOnExitCodesRequirement } from '@geobuk/api';

export type FailureVerdict =
  { readonly action: 'Count' | 'Ignore' | 'FailIndex' } | { readonly action: 'FailJob'; readonly message: string };

/** What a failed pod means for its Job: the first rule that matches decides; else it counts. Follows: matchPodFailurePolicy. */
export function judgeFailure(job: Job, pod: Pod): FailureVerdict {
  if (pod.status?.phase !== 'Failed') return { action: 'Count' };
  const where = `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`;
  for (const [index, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const cause =
      rule.onExitCodes === undefined
        ? conditionCause(pod, rule.onPodConditions ?? [], where)
        : exitCause(pod, rule.onExitCodes, where);
    if (cause === undefined) continue;
    switch (rule.action) {
      case 'FailJob':
        return { action: 'FailJob', message: `${cause} matching FailJob rule at index ${index}` };
      case 'Ignore':
        return { action: 'Ignore' };
      case 'FailIndex':
        // Without a limit for each index the rule has no meaning, and the next one is asked.
        if (job.spec.backoffLimitPerIndex === undefined) continue;
        return { action: 'FailIndex' };
      default:
        return { action: 'Count' };
    }
  }
  return { action: 'Count' };
}

function exitCause(
  pod: Pod,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
  where: string,
): string | undefined {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  for (const { name, state } of statuses) {
    const exitCode = state?.terminated?.exitCode;
    if (exitCode === undefined || exitCode === 0 || (containerName !== undefined && containerName !== name)) continue;
    if (values.includes(exitCode) === (operator === 'In'))
      return `Container ${name} for pod ${where} failed with exit code ${exitCode}`;
  }
  return undefined;
}

function conditionCause(
  pod: Pod,
  patterns: readonly { readonly type: string; readonly status?: string | undefined }[],
  where: string,
): string | undefined {
  const found = pod.status?.conditions?.find((condition) =>
    patterns.some(({ type, status = 'True' }) => condition.type === type && condition.status === status),
  );
  return found === undefined ? undefined : `Pod ${where} has condition ${found.type}`;
}
