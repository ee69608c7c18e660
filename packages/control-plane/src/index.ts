export { createControlPlane } from './control-plane.js';
export type { ControlPlane } from './control-plane.js';
export { ConfigError } from './config.js';
export type { ControlPlaneConfig, StoreConfig } from './config.js';
export type { ApiServerOptions } from './apiserver/options.js';
