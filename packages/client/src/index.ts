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
export { onAbort } from './on-abort.js';
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
export { anonymous, basicAuth, bearerToken, clientCertificate, tokenFile } from './config/credentials.js';
export type { Credentials, Proof } from './config/credentials.js';
export { ConfigError } from './config/cluster-config.js';
export type { ClusterConfig, Impersonation } from './config/cluster-config.js';
export {
  clusterConfigOf,
  kubeconfigPaths,
  loadKubeconfig,
  parseKubeconfig,
  readKubeconfig,
} from './config/kubeconfig.js';
export type { Kubeconfig, KubeconfigContext, KubeconfigEntry, KubeconfigOverrides } from './config/kubeconfig.js';
export { inClusterConfig } from './config/in-cluster-config.js';
export type { InClusterEnvironment } from './config/in-cluster-config.js';
export { createHttpClient } from './http/http-client.js';
export type { HttpClient, HttpClientDeps, RawRequest, RawResponse } from './http/http-client.js';
export type { Channels, OpenChannelsOptions } from './http/channels.js';
export type { Discovery } from './http/discovery.js';
export { linesOf } from './http/lines.js';
export { attachToPod, execInPod } from './streams/exec.js';
export type { AttachOptions, ExecOptions, TerminalSize } from './streams/exec.js';
export { portForward } from './streams/port-forward.js';
export { followLogs, openLogs } from './streams/logs.js';
export type { LogOptions } from './streams/logs.js';
export { LeaseLostError, runWithLeaderElection } from './leader-election.js';
export type { LeaderElectionOptions } from './leader-election.js';
export { createEventRecorder } from './event-recorder.js';
export type { EventRecorder, EventRecorderDeps } from './event-recorder.js';
export { ArchiveError } from './npm-archive/tar.js';
export type { TarFile } from './npm-archive/tar.js';
export { integrityOf, packDirectory, readNpmArchive } from './npm-archive/npm-archive.js';
export type { NpmArchive, NpmManifest } from './npm-archive/npm-archive.js';
export { installNpmArchive, installNpmArchiveOnce } from './npm-archive/install-npm-archive.js';
export type { InstallOptions } from './npm-archive/install-npm-archive.js';
