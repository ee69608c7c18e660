export { createKubelet } from './kubelet.js';
export type { Kubelet } from './kubelet.js';
export type { KubeletConfig } from './config.js';
