import type { ClusterRole, ObjectKey, PolicyRule, RbacV1Subject, ResourceType, Role, RoleBinding } from '@geobuk/api';
import { clusterRoleBindings, clusterRoles, ignoring, isForbidden, isNotFound, roleBindings, roles } from '@geobuk/api';
import type { Connection } from '../cluster/connection.js';
import { pad } from '../screen/text-width.js';
import type { StyledLine } from '../text/styled-text.js';
import { plainLine } from '../text/styled-text.js';

const verbs = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete', 'deletecollection'] as const;
const titles = ['GET', 'LIST', 'WATCH', 'CREATE', 'PATCH', 'UPDATE', 'DELETE', 'DEL-LIST'];

/** What a role, a binding or a service account allows: a row for each resource, a mark for each verb. */
export async function rulesLines(
  connection: Connection,
  type: ResourceType,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<readonly StyledLine[]> {
  switch (type.plural) {
    case 'roles':
      return matrix((await connection.read(roles, key, { signal })).rules ?? []);
    case 'clusterroles':
      return matrix((await connection.read(clusterRoles, key, { signal })).rules ?? []);
    case 'rolebindings':
      return ofRef(connection, await connection.read(roleBindings, key, { signal }), signal);
    case 'clusterrolebindings':
      return ofRef(connection, await connection.read(clusterRoleBindings, key, { signal }), signal);
    default:
      return ofSubject(connection, { kind: 'ServiceAccount', name: key.name, namespace: key.namespace }, signal);
  }
}

interface Binding {
  readonly metadata: RoleBinding['metadata'];
  readonly roleRef: RoleBinding['roleRef'];
  readonly subjects?: readonly RbacV1Subject[] | undefined;
}

async function ruleRef(
  connection: Connection,
  { metadata, roleRef }: Binding,
  signal: AbortSignal,
): Promise<Role | ClusterRole | undefined> {
  const missing = ignoring((error) => isNotFound(error) || isForbidden(error));
  return roleRef.kind === 'ClusterRole'
    ? connection.read(clusterRoles, { name: roleRef.name }, { signal }).catch(missing)
    : connection.read(roles, { namespace: metadata.namespace, name: roleRef.name }, { signal }).catch(missing);
}

async function ofRef(connection: Connection, binding: Binding, signal: AbortSignal): Promise<readonly StyledLine[]> {
  const role = await ruleRef(connection, binding, signal);
  const title = plainLine(`${binding.roleRef.kind} ${binding.roleRef.name}`, 'title');
  if (role === undefined) return [title, plainLine('is not there', 'alert')];
  return [title, ...matrix(role.rules ?? [])];
}

/** The rules of all bindings that name a subject. */
export async function ofSubject(
  connection: Connection,
  subject: RbacV1Subject,
  signal: AbortSignal,
): Promise<readonly StyledLine[]> {
  const [wide, local] = await Promise.all([
    connection.list(clusterRoleBindings, { signal }),
    connection.list(roleBindings, { signal }),
  ]);
  const naming = [...wide.items, ...local.items].filter(({ subjects = [] }: Binding) =>
    subjects.some((one) => isSame(one, subject)),
  );
  const parts = await Promise.all(
    naming.map(async (binding: Binding) => [
      plainLine(
        `${binding.metadata.namespace === undefined ? 'everywhere' : `in ${binding.metadata.namespace}`}, by ${binding.metadata.name ?? ''}:`,
        'key',
      ),
      ...(await ofRef(connection, binding, signal)),
      plainLine(''),
    ]),
  );
  return parts.length === 0 ? [plainLine(`no binding names ${subject.name}`, 'dim')] : parts.flat();
}

function isSame(one: RbacV1Subject, wanted: RbacV1Subject): boolean {
  if (one.kind === 'Group' && wanted.kind === 'ServiceAccount') {
    return (
      one.name === 'system:serviceaccounts' ||
      one.name === `system:serviceaccounts:${wanted.namespace ?? ''}` ||
      one.name === 'system:authenticated'
    );
  }
  return (
    one.kind === wanted.kind &&
    one.name === wanted.name &&
    (one.kind !== 'ServiceAccount' || one.namespace === wanted.namespace)
  );
}

function matrix(rules: readonly PolicyRule[]): readonly StyledLine[] {
  const rows = rules.flatMap((rule) => [
    ...(rule.resources ?? []).flatMap((resource) =>
      (rule.apiGroups ?? ['']).map((group) => ({ name: `${resource}${names(rule)}`, group, verbs: rule.verbs })),
    ),
    ...(rule.nonResourceURLs ?? []).map((url) => ({ name: url, group: '', verbs: rule.verbs })),
  ]);
  if (rows.length === 0) return [plainLine('allows nothing', 'dim')];
  const width = Math.min(60, Math.max(12, ...rows.map(({ name }) => name.length + 2)));
  const groupWidth = Math.min(36, Math.max(10, ...rows.map(({ group }) => group.length + 2)));
  const head = `${pad('NAME', width)}${pad('API-GROUP', groupWidth)}${titles.map((title) => pad(title, title.length + 1)).join('')}EXTRAS`;
  return [
    plainLine(head, 'columnTitle'),
    ...rows.map(({ name, group, verbs: allowed }): StyledLine => [
      { text: pad(name, width), paint: 'text' },
      { text: pad(group === '' ? '-' : group, groupWidth), paint: 'dim' },
      ...verbs.map((verb, index) => {
        const may = allowed.includes(verb) || allowed.includes('*');
        return {
          text: pad(may ? '✓' : '×', titles[index]!.length + 1),
          paint: may ? ('diffAdd' as const) : ('dim' as const),
        };
      }),
      {
        text: allowed.filter((verb) => verb !== '*' && !(verbs as readonly string[]).includes(verb)).join(','),
        paint: 'string',
      },
    ]),
  ];
}

const names = ({ resourceNames }: PolicyRule): string =>
  resourceNames === undefined ? '' : ` [${resourceNames.join(',')}]`;
