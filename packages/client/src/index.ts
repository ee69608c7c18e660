export type {
  ApplyOptions,
  CallOptions,
  Client,
  DeleteOptions,
  ListOptions,
  Patch,
  PatchOptions,
  ReadOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.js';
export type { ChangeHandler, IndexFunction, Informer, Informers, InformerScope, Lister } from './informer.js';
export { mapped, ownedBy, primary, settled } from './controller.js';
export type { Controller, ReconcileContext, ReconcileResult, ReconcileTrace, WatchSource } from './controller.js';
export { afterBy, systemClock } from './clock.js';
export type { Clock } from './clock.js';
export { DeadlineError, deadline, followSignal } from './deadline.js';
export { allSettledOrThrow } from './all-settled-or-throw.js';
export { backOff, backOffDelay } from './back-off.js';
export type { BackOff, BackOffPolicy } from './back-off.js';
export { WorkQueue } from './work-queue.js';
export type { WorkQueueMetrics, WorkQueueOptions } from './work-queue.js';
export { ConnectionError, isConnectionError } from './connection-error.js';
export { createInformers } from './informers.js';
export type { InformersDeps } from './informers.js';
export { createKeyRunner } from './key-runner.js';
export type { KeyRunner, KeyRunnerOptions, RunnerMetrics } from './key-runner.js';
export { createRunner } from './runner.js';
export type { Runner, RunnerDeps } from './runner.js';
export type { LoopPass, LoopState } from './pass-log.js';
