import type { TablePage } from '../pages/table-page.js';
import type { Actions } from './key-map.js';
import { editRow } from './edit.js';
import { deleteRows, killRows } from './delete.js';
import {
  openForwards,
  showDescribe,
  showExplain,
  showLogs,
  showNode,
  showRollout,
  showOwner,
  showRelated,
  showSecret,
  showUsedBy,
  showYaml,
} from './look.js';
import { openRow } from './open-row.js';
import { forwardPort } from './forward-port.js';
import { shellOnNode } from './node-shell.js';
import { sanitizePods } from './sanitize.js';
import { attachTo, shellInto } from './sessions.js';
import { setImage } from './set-image.js';
import { transferFiles } from './transfer.js';
import { drainNode } from './drain.js';
import { cordonRows, restartRows, scaleRows, suspendRows, triggerRow } from './change.js';
import { configureAddon, toggleAddon } from './addon-actions.js';
import { rollbackTo } from './rollback.js';
import { useNamespace } from './namespaces.js';

const usable = new Set(['configmaps', 'secrets', 'serviceaccounts', 'persistentvolumeclaims', 'priorityclasses']);

/** What can be done with the rows of a table: from what any object allows, and from the kind's capabilities. */
export function resourceActions(page: TablePage): Actions {
  const { type, view, cluster } = page;
  if (page.onNothing) return { open: () => openRow(page), useNamespace: () => useNamespace(page) };
  const can = view?.capabilities ?? {};
  const reading: Actions = {
    open: () => openRow(page),
    describe: () => showDescribe(page),
    yaml: () => showYaml(page),
    related: () => showRelated(page),
    owner: () => showOwner(page),
    ...(can.loggable === true ? { logs: () => showLogs(page, false) } : {}),
    ...(can.loggable === true && type.plural !== 'services' ? { previousLogs: () => showLogs(page, true) } : {}),
    ...(type.plural === 'deployments' ? { rollout: () => showRollout(page) } : {}),
    ...(type.plural === 'pods' ? { showNode: () => showNode(page) } : {}),
    ...(can.explainable === true ? { explain: () => showExplain(page) } : {}),
    ...(can.decodable === true ? { decode: () => showSecret(page) } : {}),
    ...(usable.has(type.plural) ? { usedBy: () => showUsedBy(page) } : {}),
    ...(can.forwardable === true ? { showForwards: () => openForwards(page) } : {}),
    ...(type.plural === 'namespaces' && type.group === '' ? { useNamespace: () => useNamespace(page) } : {}),
  };
  if (cluster.readOnly) return reading;
  const scalable = can.scalable === true || type.subresources['scale'] !== undefined;
  return {
    ...reading,
    ...(type.verbs.includes('patch') && type.plural !== 'addons' ? { edit: () => editRow(page) } : {}),
    ...(type.verbs.includes('delete') ? { delete: () => deleteRows(page) } : {}),
    ...(can.killable === true ? { kill: () => killRows(page) } : {}),
    ...(can.shellable === true
      ? { shell: () => shellInto(page), attach: () => attachTo(page), transfer: () => transferFiles(page) }
      : {}),
    ...(can.hasImages === true && type.verbs.includes('patch') ? { setImage: () => setImage(page) } : {}),
    ...(type.plural === 'pods' && type.group === '' ? { sanitize: () => sanitizePods(page) } : {}),
    ...(can.forwardable === true ? { portForward: () => forwardPort(page) } : {}),
    ...(scalable ? { scale: () => scaleRows(page) } : {}),
    ...(can.restartable === true ? { restart: () => restartRows(page) } : {}),
    ...(type.plural === 'replicasets' ? { rollback: () => rollbackTo(page) } : {}),
    ...(can.suspendable === true ? { suspend: () => suspendRows(page) } : {}),
    ...(can.triggerable === true ? { trigger: () => triggerRow(page) } : {}),
    ...(can.cordonable === true
      ? {
          cordon: () => cordonRows(page, true),
          uncordon: () => cordonRows(page, false),
          drain: () => drainNode(page),
          nodeShell: () => shellOnNode(page),
        }
      : {}),
    ...(type.plural === 'addons'
      ? { toggleAddon: () => toggleAddon(page), configureAddon: () => configureAddon(page) }
      : {}),
  };
}
