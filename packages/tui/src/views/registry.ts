import type { ResourceType } from '@geobuk/api';
import { qualifiedName } from '@geobuk/api';
import {
  clusterRoleBindingsView,
  clusterRolesView,
  crdsView,
  disruptionBudgetsView,
  roleBindingsView,
  rolesView,
} from './access-kinds.js';
import { addonsView } from './addons.js';
import { eventsView, namespacesView, nodesView } from './cluster-kinds.js';
import {
  claimsView,
  configMapsView,
  secretsView,
  serviceAccountsView,
  storageClassesView,
  volumesView,
} from './config-kinds.js';
import {
  endpointSlicesView,
  endpointsView,
  ingressesView,
  networkPoliciesView,
  servicesView,
} from './network-kinds.js';
import { podsView } from './pods.js';
import type { AnyView } from './view.js';
import {
  cronJobsView,
  daemonSetsView,
  deploymentsView,
  jobsView,
  replicaSetsView,
  statefulSetsView,
} from './workloads.js';

/** Every kind with columns of its own. All other kinds show the columns their server prints. */
export const views: readonly AnyView[] = [
  podsView,
  deploymentsView,
  replicaSetsView,
  statefulSetsView,
  daemonSetsView,
  jobsView,
  cronJobsView,
  servicesView,
  endpointsView,
  endpointSlicesView,
  ingressesView,
  networkPoliciesView,
  configMapsView,
  secretsView,
  serviceAccountsView,
  claimsView,
  volumesView,
  storageClassesView,
  nodesView,
  namespacesView,
  eventsView,
  rolesView,
  clusterRolesView,
  roleBindingsView,
  clusterRoleBindingsView,
  crdsView,
  disruptionBudgetsView,
  addonsView,
];

const byResource = new Map(views.map((view) => [qualifiedName(view.resource), view]));

/** The view of a resource, whatever version of it the server prefers. */
export const viewOf = (type: ResourceType): AnyView | undefined => byResource.get(qualifiedName(type));
