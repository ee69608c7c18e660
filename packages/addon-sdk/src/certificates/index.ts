export { makeKeyAndRequest, makeSelfSigned } from './key-and-request.js';
export type { KeyAndCertificate, KeyAndRequest, ServerName } from './key-and-request.js';
export { clusterServingCertificate } from './cluster-certificate.js';
export type { ClusterCertificateDeps } from './cluster-certificate.js';
