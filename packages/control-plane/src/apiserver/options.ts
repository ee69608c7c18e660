import type { AuditLogConfig } from './audit/audit-log.js';
import type { OidcFlags } from './authentication/oidc-flags.js';

export interface AuditOptions {
  /** An audit.k8s.io/v1 Policy. */
  readonly policyFile: string;
  readonly log?: AuditLogConfig | undefined;
  /** A kubeconfig that says where events are sent. */
  readonly webhookConfigFile?: string | undefined;
}

/** What kube-apiserver has flags for, and so have we. Files are read when the server starts. */
export interface ApiServerOptions {
  readonly audit?: AuditOptions | undefined;
  /** Requests that are served at the same time, reading and writing ones together: these two added up. */
  readonly maxRequestsInflight?: number | undefined;
  readonly maxMutatingRequestsInflight?: number | undefined;
  /** One OpenID Connect issuer. */
  readonly oidc?: OidcFlags | undefined;
  /** An apiserver.config.k8s.io AuthenticationConfiguration; not together with `oidc`. */
  readonly authenticationConfigFile?: string | undefined;
  /** A kubeconfig of the server that TokenReviews of unknown tokens are sent to. */
  readonly authenticationWebhookConfigFile?: string | undefined;
  /** An apiserver.config.k8s.io AdmissionConfiguration, such as defaults and exemptions of PodSecurity. */
  readonly admissionConfigFile?: string | undefined;
}
