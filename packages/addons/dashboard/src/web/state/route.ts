/** What the address names: every page can be linked to. */
export type Route =
  | { readonly page: 'overview' | 'addons' | 'map' }
  | { readonly page: 'list'; readonly group: string; readonly plural: string }
  | {
      readonly page: 'object';
      readonly group: string;
      readonly plural: string;
      readonly namespace: string | undefined;
      readonly name: string;
      readonly tab: ObjectTab;
    };

export const objectTabs = ['overview', 'yaml', 'logs', 'shell'] as const;
export type ObjectTab = (typeof objectTabs)[number];

/** `#/list/apps/deployments`, `#/object/core/pods/default/web/logs`; `core` stands for the group without a name, `_` for no namespace. */
export function parseRoute(hash: string): Route {
  const [page, group = 'core', plural = '', namespace = '_', name = '', tab = 'overview'] = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .map(decodeURIComponent);
  const groupName = group === 'core' ? '' : group;
  if (page === 'addons' || page === 'map') return { page };
  if (page === 'list' && plural !== '') return { page, group: groupName, plural };
  if (page === 'object' && name !== '') {
    const known = objectTabs.find((each) => each === tab) ?? 'overview';
    return { page, group: groupName, plural, namespace: namespace === '_' ? undefined : namespace, name, tab: known };
  }
  return { page: 'overview' };
}

export function formatRoute(route: Route): string {
  const parts = (...names: readonly string[]): string => `#/${names.map(encodeURIComponent).join('/')}`;
  switch (route.page) {
    case 'list':
      return parts('list', route.group || 'core', route.plural);
    case 'object': {
      const { group, plural, namespace = '_', name, tab } = route;
      return parts('object', group || 'core', plural, namespace, name, ...(tab === 'overview' ? [] : [tab]));
    }
    default:
      return parts(route.page);
  }
}

export const listRoute = ({ group, plural }: { readonly group: string; readonly plural: string }): string =>
  formatRoute({ page: 'list', group, plural });

export const objectRoute = (
  { group, plural }: { readonly group: string; readonly plural: string },
  namespace: string | undefined,
  name: string,
  tab: ObjectTab = 'overview',
): string =>
  formatRoute({ page: 'object', group, plural, namespace: namespace === '' ? undefined : namespace, name, tab });
