export { Cluster, busyboxImage, eventually, freePort, geobuk } from './cluster.js';
export type { Ran, UpOptions } from './cluster.js';
