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
