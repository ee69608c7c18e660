import { useMemo } from 'preact/hooks';
import { sectionsOf } from '../api/kinds.js';
import { useShared } from '../state/context.js';
import type { Route } from '../state/route.js';
import { formatRoute, listRoute } from '../state/route.js';
import { Logo } from './login.js';

/** Pages, then every kind that the cluster serves. */
export function Sidebar({ route }: { readonly route: Route }) {
  const { t, kinds } = useShared();
  const sections = useMemo(() => sectionsOf(kinds), [kinds]);
  const current = route.page === 'list' || route.page === 'object' ? `${route.group}/${route.plural}` : route.page;
  return (
    <nav class="sidebar" aria-label="Geobuk">
      <a class="brand" href="#/overview">
        <Logo />
        Geobuk
      </a>
      <ul>
        {(['overview', 'addons', 'map'] as const).map((page) => (
          <li key={page}>
            <a href={formatRoute({ page })} aria-current={current === page ? 'page' : undefined}>
              {t(page)}
            </a>
          </li>
        ))}
      </ul>
      {[...sections].map(([name, members]) =>
        members.length === 0 ? null : (
          <details
            key={name}
            open={
              name === 'workloads' ||
              name === 'network' ||
              members.some((kind) => current === `${kind.group}/${kind.plural}`)
            }
          >
            <summary>{t(name)}</summary>
            <ul>
              {members.map((kind) => (
                <li key={`${kind.group}/${kind.plural}`}>
                  <a
                    href={listRoute(kind)}
                    title={kind.group}
                    aria-current={current === `${kind.group}/${kind.plural}` ? 'page' : undefined}
                  >
                    {kind.kind}
                  </a>
                </li>
              ))}
            </ul>
          </details>
        ),
      )}
    </nav>
  );
}
