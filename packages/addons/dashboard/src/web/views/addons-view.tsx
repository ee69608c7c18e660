import type { Addon, Condition } from '@geobuk/api';
import { findKind } from '../api/kinds.js';
import { send } from '../api/request.js';
import { useAccess } from '../api/use-access.js';
import { useObjects } from '../api/use-objects.js';
import type { AnyObject } from '../relations/relations.js';
import { useShared } from '../state/context.js';
import { objectRoute } from '../state/route.js';
import { Badge } from './health.js';
import { Notice } from './notice.js';

const path = '/k8s/apis/addons.geobuk.dev/v1alpha1/addons';
const kind = { group: 'addons.geobuk.dev', plural: 'addons' };

/** All addons, each with its switch and how far its wish has come. */
export function AddonsView() {
  const { t } = useShared();
  const { items, error, loaded } = useObjects<Addon & AnyObject>(path);
  const [mayPatch] = useAccess([{ verb: 'patch', group: kind.group, resource: kind.plural }]);
  const sorted = [...items].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  return (
    <section class="page addons">
      <header>
        <h1>{t('addons')}</h1>
        <span class="hint">{t('addonsIntro')}</span>
      </header>
      <Notice error={error} />
      {!loaded && error === undefined && <p class="hint">{t('loading')}</p>}
      {loaded && items.length === 0 && <p class="empty">{t('nothing')}</p>}
      <div class="cards">
        {sorted.map((addon) => (
          <AddonCard key={addon.metadata.name} addon={addon} maySwitch={mayPatch === true} />
        ))}
      </div>
    </section>
  );
}

function AddonCard({ addon, maySwitch }: { readonly addon: Addon; readonly maySwitch: boolean }) {
  const { t, notify, kinds } = useShared();
  const { name = '' } = addon.metadata;
  const {
    phase = addon.spec.enabled ? 'Pending' : 'Disabled',
    installedVersion,
    availableVersion,
    description,
    requires = [],
    lastError,
    resources = [],
    conditions = [],
    endpoints = [],
  } = addon.status ?? {};
  const toggle = (enabled: boolean): void => {
    send('PATCH', `${path}/${name}`, {
      body: { spec: { enabled } },
      contentType: 'application/merge-patch+json',
    }).catch((error: Error) => notify(error.message, true));
  };
  const failing = addon.spec.enabled
    ? (conditions as readonly Condition[]).filter(({ status }) => status === 'False')
    : [];
  return (
    <article class="card addon" aria-label={name} data-addon={name}>
      <header>
        <h2>
          <a href={objectRoute(kind, undefined, name)}>{name}</a>
        </h2>
        <Badge word={phase} />
        <span class="spacer" />
        <label class="switch" title={maySwitch ? undefined : t('mayNot', { verb: 'patch', resource: 'addons' })}>
          <input
            type="checkbox"
            role="switch"
            aria-label={t('enable', { name })}
            checked={addon.spec.enabled}
            disabled={!maySwitch}
            onChange={(event) => toggle(event.currentTarget.checked)}
          />
          <span aria-hidden="true" />
        </label>
      </header>
      <p>{description}</p>
      <p class="hint">
        {t('version')} {installedVersion ?? availableVersion ?? '–'}
        {requires.length > 0 && ` · ${t('needs')}: ${requires.join(', ')}`}
      </p>
      {failing.map(({ type, reason, message }) => (
        <blockquote key={type}>
          <span class="hint">
            {t('check')} {type}
          </span>
          {[reason, message].filter((part) => part !== undefined && part !== '').join(': ')}
        </blockquote>
      ))}
      {lastError !== undefined && addon.spec.enabled && (
        <blockquote>
          <span class="hint">{lastError.reason}</span>
          {lastError.message}
          {lastError.hint !== undefined && <div class="hint">{`${t('hint')}: ${lastError.hint}`}</div>}
        </blockquote>
      )}
      {endpoints.map(({ name: label, url }) => (
        <p key={url}>
          {label}: <code>{url}</code>
        </p>
      ))}
      {resources.length > 0 && (
        <details>
          <summary>{t('brought', { count: resources.length })}</summary>
          <ul class="plain">
            {resources.map(({ apiVersion, kind: what, namespace, name: object }) => {
              const target = findKind(kinds, apiVersion, what);
              return (
                <li key={`${what}/${namespace ?? ''}/${object}`}>
                  <span class="hint">{what} </span>
                  {target === undefined ? object : <a href={objectRoute(target, namespace, object)}>{object}</a>}
                </li>
              );
            })}
          </ul>
        </details>
      )}
    </article>
  );
}
