import type { FieldDescriptions } from './describe.js';

const selector = 'Labels of the pods that belong to it; they must fit those of the template. Cannot be changed.';
const template = 'What each pod is made from.';
const revisions = 'How many old revisions are kept for going back.';
const minReady = 'Seconds that a new pod must be ready before it counts as available.';

/** Workloads and autoscaling. */
export const workloadDescriptions: FieldDescriptions = {
  'apps.v1.DeploymentSpec': {
    minReadySeconds: minReady,
    paused: 'Whether changes of the template wait.',
    progressDeadlineSeconds:
      'Seconds without progress after which the rollout counts as failed. 600 where none are given.',
    replicas: 'How many pods are wanted. 1 where none is given.',
    revisionHistoryLimit: revisions,
    selector,
    strategy: 'How old pods make way for new ones.',
    template,
  },
  'apps.v1.DeploymentStrategy': {
    rollingUpdate: 'How many pods may be missing and how many too many at once.',
    type: 'RollingUpdate, or Recreate: all old ones end before new ones begin.',
  },
  'apps.v1.RollingUpdateDeployment': {
    maxSurge: 'How many pods more than wanted there may be, as a number or a share. 25% where none is given.',
    maxUnavailable: 'How many of the wanted pods may be missing, as a number or a share. 25% where none is given.',
  },
  'apps.v1.DeploymentStatus': {
    availableReplicas: 'Pods that have been ready for minReadySeconds.',
    conditions: 'Available, Progressing and ReplicaFailure, each with its reason.',
    observedGeneration: 'The generation that the controller has seen last.',
    readyReplicas: 'Pods that are ready.',
    replicas: 'Pods that are there.',
    unavailableReplicas: 'Pods that are still missing.',
    updatedReplicas: 'Pods of the present template.',
  },
  'apps.v1.ReplicaSetSpec': {
    minReadySeconds: minReady,
    replicas: 'How many pods are wanted. 1 where none is given.',
    selector,
    template,
  },
  'apps.v1.StatefulSetSpec': {
    minReadySeconds: minReady,
    ordinals: 'The number of the first pod.',
    persistentVolumeClaimRetentionPolicy: 'What becomes of the claims when pods or the whole set go.',
    podManagementPolicy: 'OrderedReady: one after the other; Parallel: all at once.',
    replicas: 'How many pods are wanted. 1 where none is given.',
    revisionHistoryLimit: revisions,
    selector,
    serviceName: 'The headless Service that gives the pods their names in DNS.',
    template,
    updateStrategy: 'RollingUpdate, from the last pod to the first, or OnDelete.',
    volumeClaimTemplates: 'Claims of which each pod gets one of its own.',
  },
  'apps.v1.DaemonSetSpec': {
    minReadySeconds: minReady,
    revisionHistoryLimit: revisions,
    selector,
    template,
    updateStrategy: 'RollingUpdate, or OnDelete: only pods that were deleted are replaced.',
  },
  'batch.v1.JobSpec': {
    activeDeadlineSeconds: 'Seconds after its start at which the Job is ended and counts as failed.',
    backoffLimit: 'Failures after which the Job counts as failed. 6 where none is given.',
    backoffLimitPerIndex: 'Failures of one index after which that index counts as failed.',
    completionMode: 'NonIndexed, or Indexed: each completion has a number of its own.',
    completions: 'How many pods must succeed.',
    managedBy: 'The controller that looks after the Job.',
    manualSelector: 'Whether selector is the user’s to choose.',
    maxFailedIndexes: 'Failed indexes after which the Job counts as failed.',
    parallelism: 'How many pods run at once at most.',
    podFailurePolicy: 'What becomes of the Job when a pod fails in some way.',
    podReplacementPolicy: 'When a pod is replaced: TerminatingOrFailed or Failed.',
    selector: 'Labels of the pods that belong to it; made by the server.',
    successPolicy: 'When the Job counts as successful before all completions.',
    suspend: 'Whether no pods are to run for now.',
    template,
    ttlSecondsAfterFinished: 'Seconds after its end at which the Job is deleted.',
  },
  'batch.v1.JobStatus': {
    active: 'Pods that are pending or running.',
    completedIndexes: 'Indexes that have succeeded, such as 1,3-5.',
    completionTime: 'When the Job succeeded.',
    conditions: 'Complete, Failed and Suspended, each with its reason.',
    failed: 'Pods that have failed.',
    ready: 'Pods that are ready.',
    startTime: 'When the Job was taken up.',
    succeeded: 'Pods that have succeeded.',
  },
  'batch.v1.CronJobSpec': {
    concurrencyPolicy: 'What happens when the last Job still runs: Allow, Forbid or Replace.',
    failedJobsHistoryLimit: 'How many failed Jobs are kept. 1 where none is given.',
    jobTemplate: 'What each Job is made from.',
    schedule: 'The timetable in five fields of cron: minute, hour, day of the month, month, day of the week.',
    startingDeadlineSeconds: 'Seconds that a start may be late; later it is left out.',
    successfulJobsHistoryLimit: 'How many successful Jobs are kept. 3 where none is given.',
    suspend: 'Whether no Jobs are to be started for now.',
    timeZone: 'The time zone of the timetable, such as Asia/Seoul.',
  },
  'autoscaling.v2.HorizontalPodAutoscalerSpec': {
    behavior: 'How fast it may scale up and down.',
    maxReplicas: 'The most replicas.',
    metrics: 'What is measured, and the targets; the one that wants most wins.',
    minReplicas: 'The fewest replicas. 1 where none is given.',
    scaleTargetRef: 'The workload that is scaled.',
  },
  'policy.v1.PodDisruptionBudgetSpec': {
    maxUnavailable: 'How many pods may be missing, as a number or a share.',
    minAvailable: 'How many pods must be there, as a number or a share.',
    selector: 'Labels of the pods that are protected.',
    unhealthyPodEvictionPolicy: 'Whether pods that are not ready may always be evicted.',
  },
};
