import type { SchedulerPlugin } from './plugin.js';
import type { DefaultPreemptionArgs } from './scheduler-config.js';

/** One profile put together: which plugins are asked at which point, in order, and what their scores weigh. */
export interface Framework {
  readonly schedulerName: string;
  readonly filters: readonly SchedulerPlugin[];
  readonly scorers: readonly { readonly plugin: SchedulerPlugin; readonly weight: number }[];
  /** Whether a pod that fits nowhere may push others out. */
  readonly preempts: boolean;
  readonly preemptionArgs?: DefaultPreemptionArgs | undefined;
  /** 1–100; absent: the larger the cluster, the smaller the share. */
  readonly percentageOfNodesToScore?: number | undefined;
}
