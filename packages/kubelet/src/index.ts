export { createKubelet } from './kubelet.js';
export type { Kubelet } from './kubelet.js';
export type { KubeletConfig } from './config.js';
export { eraseNode } from './erase-node.js';
export { PrivateContainerd } from './runtime/containerd/private-containerd.js';
export { openCriRuntime } from './runtime/cri/cri-runtime.js';
export { writeImageArchive } from './runtime/images/image-archive.js';
export type { ImageArchiveSpec, RootEntry } from './runtime/images/image-archive.js';
export { importImage } from './runtime/images/import-image.js';
