import type { FastifyInstance } from 'fastify';
import type { Authenticator } from '../authentication/authenticator.js';
import type { Authorizer } from '../authorization/authorizer.js';
import type { AggregatedApis } from '../aggregation/aggregated-apis.js';
import { aggregation } from './aggregation.js';
import type { Auditor } from '../audit/auditor.js';
import { audit } from './audit.js';
import { auditId } from './audit-id.js';
import { authentication } from './authentication.js';
import { authorization } from './authorization.js';
import { impersonation } from './impersonation.js';
import { requestMetrics } from './metrics.js';
import type { RequestMetricsDeps } from './metrics.js';
import { priorityAndFairness } from './priority-and-fairness.js';
import type { PriorityAndFairnessDeps } from './priority-and-fairness.js';
import { requestInfo } from './request-info.js';

export interface FilterDeps extends PriorityAndFairnessDeps, RequestMetricsDeps {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly aggregated: AggregatedApis;
  /** Absent: no audit log. */
  readonly auditor: Auditor | undefined;
  readonly signal: AbortSignal;
}

/** Every filter, in the order in which a request meets them. Follows: checklist 1.1.17. */
export function registerFilters(server: FastifyInstance, deps: FilterDeps): void {
  void server.register(requestInfo()); // what path and method mean; all others build on it
  void server.register(requestMetrics(deps)); // also counts what is refused below
  void server.register(auditId()); // also marks what is refused below
  void server.register(authentication(deps)); // who asks: 401
  void server.register(audit(deps)); // who did what, also what is refused below
  void server.register(impersonation(deps)); // as whom: 403
  void server.register(priorityAndFairness(deps)); // is it their turn: 429
  void server.register(authorization(deps)); // may they: 403, before anything says whether the path exists
  void server.register(aggregation(deps)); // what another server answers leaves here, its body unread
}
