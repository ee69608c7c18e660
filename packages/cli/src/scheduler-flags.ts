import { resolve } from 'node:path';

export interface SchedulerFlags {
  readonly schedulerConfig?: string;
}

/** As commander reads it, and what it does. */
export const schedulerConfigFlag = [
  '--scheduler-config <file>',
  'KubeSchedulerConfiguration v1: profiles, plugins and their arguments, extenders',
] as const;

/** The same flag for a process of our own, with the file under its absolute path. */
export const schedulerArgs = ({ schedulerConfig }: SchedulerFlags): readonly string[] =>
  schedulerConfig === undefined ? [] : ['--scheduler-config', resolve(schedulerConfig)];
