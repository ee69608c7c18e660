import { useState } from 'preact/hooks';
import type { Kind } from '../api/kinds.js';
import { pathOf } from '../api/kinds.js';
import { send } from '../api/request.js';
import { useAccess } from '../api/use-access.js';
import type { TextKey } from '../i18n/texts.js';
import type { AnyObject } from '../relations/relations.js';
import { useShared } from '../state/context.js';
import { listRoute } from '../state/route.js';
import { Dialog } from '../views/dialog.js';

const restartable = ['deployments', 'statefulsets', 'daemonsets'];
const mergePatch = 'application/merge-patch+json';

interface Action {
  readonly label: TextKey;
  readonly verb: string;
  readonly subresource?: string | undefined;
  readonly resource?: string | undefined;
  /** Asks first. */
  readonly dialog?: 'scale' | 'restart' | 'delete' | undefined;
  run(): Promise<unknown>;
}

/** What can be done to an object of this kind, each with the right that it needs. */
export function ObjectActions({ kind, object }: { readonly kind: Kind; readonly object: AnyObject }) {
  const { t, notify } = useShared();
  const [open, setOpen] = useState<Action | undefined>();
  const { name, namespace } = object.metadata;
  const [replicas, setReplicas] = useState(Number(object.spec?.['replicas'] ?? 1));
  const [propagation, setPropagation] = useState<'Background' | 'Foreground' | 'Orphan'>('Background');
  const path = pathOf(kind, namespace, name);
  const patch = (body: unknown, at = path): Promise<unknown> => send('PATCH', at, { body, contentType: mergePatch });

  const actions: Action[] = [];
  if (kind.subresources.includes('scale'))
    actions.push({
      label: 'scale',
      verb: 'patch',
      subresource: 'scale',
      dialog: 'scale',
      run: () => patch({ spec: { replicas } }, `${path}/scale`),
    });
  if (restartable.includes(kind.plural)) {
    const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
    actions.push({
      label: 'restart',
      verb: 'patch',
      dialog: 'restart',
      run: () => patch({ spec: { template: { metadata: { annotations } } } }),
    });
  }
  if (kind.plural === 'nodes') {
    const isCordoned = object.spec?.['unschedulable'] === true;
    actions.push({
      label: isCordoned ? 'uncordon' : 'cordon',
      verb: 'patch',
      run: () => patch({ spec: { unschedulable: isCordoned ? null : true } }),
    });
  }
  if (kind.plural === 'cronjobs') {
    const isSuspended = object.spec?.['suspend'] === true;
    actions.push({
      label: isSuspended ? 'resume' : 'suspend',
      verb: 'patch',
      run: () => patch({ spec: { suspend: !isSuspended } }),
    });
    actions.push({ label: 'runNow', verb: 'create', resource: 'jobs', run: () => runNow(object) });
  }
  if (kind.verbs.includes('delete'))
    actions.push({
      label: 'remove',
      verb: 'delete',
      dialog: 'delete',
      run: async () => {
        await send('DELETE', path, {
          body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: propagation },
        });
        location.hash = listRoute(kind);
      },
    });
  const allowed = useAccess(
    actions.map(({ verb, subresource, resource = kind.plural }) => ({
      verb,
      group: kind.group,
      resource,
      subresource,
      namespace,
      name,
    })),
  );
  const perform = (action: Action): void => {
    setOpen(undefined);
    action.run().then(
      () => notify(t('done', { what: `${t(action.label)} ${name}` })),
      (error: Error) => notify(error.message, true),
    );
  };
  const values = { kind: kind.kind, name };
  return (
    <div class="actions">
      {actions.map((action, index) => (
        <button
          key={action.label}
          type="button"
          class={action.label === 'remove' ? 'danger' : ''}
          disabled={allowed[index] === false}
          title={
            allowed[index] === false
              ? t('mayNot', { verb: action.verb, resource: action.resource ?? kind.plural })
              : undefined
          }
          onClick={() => (action.dialog === undefined ? perform(action) : setOpen(action))}
        >
          {t(action.label)}
        </button>
      ))}
      {open !== undefined && (
        <Dialog
          title={t(
            open.dialog === 'scale' ? 'confirmScale' : open.dialog === 'restart' ? 'confirmRestart' : 'confirmDelete',
            values,
          )}
          onClose={() => setOpen(undefined)}
        >
          {open.dialog === 'scale' && (
            <label>
              {t('replicas')}
              <input
                type="number"
                min={0}
                value={replicas}
                onInput={(event) => setReplicas(Number(event.currentTarget.value))}
              />
            </label>
          )}
          {open.dialog === 'delete' && (
            <label>
              {t('propagation')}
              <select
                value={propagation}
                onChange={(event) => setPropagation(event.currentTarget.value as typeof propagation)}
              >
                {(['Background', 'Foreground', 'Orphan'] as const).map((policy) => (
                  <option key={policy} value={policy}>
                    {t(policy)}
                  </option>
                ))}
              </select>
            </label>
          )}
          <footer>
            <button type="button" onClick={() => setOpen(undefined)}>
              {t('cancel')}
            </button>
            <button
              type="button"
              class={open.dialog === 'delete' ? 'danger primary' : 'primary'}
              onClick={() => perform(actions.find(({ label }) => label === open.label) ?? open)}
            >
              {t(open.label)}
            </button>
          </footer>
        </Dialog>
      )}
    </div>
  );
}

/** A Job from a CronJob's template, owned by it. Follows: kubectl create job --from. */
function runNow({ metadata, spec }: AnyObject): Promise<unknown> {
  const template = spec?.['jobTemplate'] as
    { readonly metadata?: { readonly labels?: unknown }; readonly spec?: unknown } | undefined;
  const body = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      generateName: `${metadata.name}-manual-`,
      labels: template?.metadata?.labels,
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'CronJob', name: metadata.name, uid: metadata.uid, controller: true },
      ],
    },
    spec: template?.spec,
  };
  return send('POST', `/k8s/apis/batch/v1/namespaces/${metadata.namespace ?? 'default'}/jobs`, { body });
}
