import type { ClusterRole } from '@geobuk/api';
import { clusterRoles } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { turnControllers } from '../testing/turn-controllers.js';
import { ClusterRoleAggregationController } from './cluster-role-aggregation-controller.js';

const role = (name: string, extra: Partial<ClusterRole>): ClusterRole => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  ...extra,
});
const part = (name: string, resource: string, labels = { to: 'view' }): ClusterRole =>
  role(name, { metadata: { name, labels }, rules: [{ apiGroups: [''], resources: [resource], verbs: ['get'] }] });
const whole = role('view', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'view' } }] } });

describe('ClusterRoleAggregationController', () => {
  it('5.14.4 takes over the rules of the roles it selects, each once, also of those that come later', async () => {
    await using world = await turnControllers(
      [whole, part('b', 'pods'), part('a', 'services'), part('same', 'pods'), part('other', 'secrets', { to: 'edit' })],
      (made) => [new ClusterRoleAggregationController(made)],
    );
    const resources = () =>
      world.client
        .stored(clusterRoles)
        .find(({ metadata }) => metadata.name === 'view')
        ?.rules?.map((rule) => rule.resources?.[0]);
    expect(resources()).toEqual(['services', 'pods']);
    world.client.seed(part('c', 'configmaps'));
    await world.settle();
    expect(resources()).toEqual(['services', 'pods', 'configmaps']);
  });
});
