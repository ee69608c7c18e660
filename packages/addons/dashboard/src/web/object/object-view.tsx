import { lazy, Suspense } from 'preact/compat';
import type { Kind } from '../api/kinds.js';
import { pathOf } from '../api/kinds.js';
import { useObject } from '../api/use-objects.js';
import type { AnyObject } from '../relations/relations.js';
import { useShared } from '../state/context.js';
import type { ObjectTab } from '../state/route.js';
import { listRoute, objectRoute } from '../state/route.js';
import { Notice } from '../views/notice.js';
import { ObjectActions } from './object-actions.js';
import { ObjectOverview } from './object-overview.js';
import { LogView } from './log-view.js';

const YamlEditor = lazy(() => import('./yaml-editor.js').then(({ YamlEditor: found }) => ({ default: found })));
const ShellView = lazy(() => import('./shell-view.js').then(({ ShellView: found }) => ({ default: found })));

/** One object: what it is, why it is so, and what can be done about it. */
export function ObjectView(props: {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly tab: ObjectTab;
}) {
  const { kind, namespace, name, tab } = props;
  const { t } = useShared();
  const { object, loaded, error } = useObject<AnyObject>(pathOf(kind, namespace), name);
  const isPod = kind.group === '' && kind.plural === 'pods';
  const tabs: readonly ObjectTab[] = isPod ? ['overview', 'yaml', 'logs', 'shell'] : ['overview', 'yaml'];
  return (
    <section class="page object">
      <header>
        <div>
          <a class="crumb" href={listRoute(kind)}>
            {kind.kind}
          </a>
          <h1>{name}</h1>
          {namespace !== undefined && <span class="hint">{namespace}</span>}
        </div>
        <span class="spacer" />
        {object !== undefined && <ObjectActions kind={kind} object={object} />}
      </header>
      <nav class="tabs" aria-label={kind.kind}>
        {tabs.map((each) => (
          <a
            key={each}
            href={objectRoute(kind, namespace, name, each)}
            aria-current={each === tab ? 'page' : undefined}
          >
            {t(each)}
          </a>
        ))}
      </nav>
      <Notice error={error} />
      {object === undefined ? (
        <p class="hint">{loaded ? t('nothing') : error === undefined ? t('loading') : ''}</p>
      ) : (
        <Suspense fallback={<p class="hint">{t('loading')}</p>}>
          {tab === 'overview' && <ObjectOverview kind={kind} object={object} />}
          {tab === 'yaml' && <YamlEditor kind={kind} object={object} />}
          {tab === 'logs' && isPod && <LogView pod={object} />}
          {tab === 'shell' && isPod && <ShellView pod={object} />}
        </Suspense>
      )}
    </section>
  );
}
