import type { ActionGroup, ActionId } from '../actions/action-table.js';
import { actionIds, actionInfo } from '../actions/action-table.js';
import type { Actions } from '../actions/key-map.js';
import { keyLabel } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { ListPage } from './list-page.js';
import type { Page } from './page.js';

export interface HelpPageOptions {
  readonly cluster: Cluster;
  /** The page the help was asked on. */
  readonly under: Page | undefined;
  readonly actions: Actions;
  /** Closes the help and runs an action on that page. */
  readonly run: (id: ActionId) => void;
  /** Keys of the person's own: plugins and hotkeys. */
  readonly own: readonly OwnKey[];
}

/** A key that settings have given something to do. */
export interface OwnKey {
  readonly key: string;
  readonly label: string;
  readonly kind: 'plugin' | 'hotkey';
  /** Does it on the page below; the help is closed by then. */
  readonly run: () => void;
}

const ownNames = { plugin: { en: 'PLUGINS', ko: '플러그인' }, hotkey: { en: 'HOTKEYS', ko: '단축키' } } as const;

const groupNames: Readonly<Record<ActionGroup, { readonly en: string; readonly ko: string }>> = {
  resource: { en: 'RESOURCE', ko: '리소스' },
  text: { en: 'TEXT', ko: '텍스트' },
  logs: { en: 'LOGS', ko: '로그' },
  general: { en: 'GENERAL', ko: '일반' },
  navigation: { en: 'NAVIGATION', ko: '이동' },
};

const order: readonly ActionGroup[] = ['resource', 'logs', 'text', 'general', 'navigation'];

const words = {
  en: { title: 'help', key: 'KEY', action: 'ACTION', group: 'GROUP', id: 'ID', empty: 'no key does that' },
  ko: { title: '도움말', key: '키', action: '동작', group: '묶음', id: 'ID', empty: '그런 키는 없습니다' },
} as const;

/** Every key that works on the page under it; `/` searches, Enter does it. */
export class HelpPage extends ListPage<() => void> {
  constructor({ cluster, under, actions, run, own }: HelpPageOptions, services: Services) {
    const { language, keyMap } = services;
    const text = words[language];
    const here = new Set(Object.keys(actions));
    const ids = actionIds
      .filter((id) => here.has(id) || actionInfo(id).group === 'general')
      .sort((a, b) => order.indexOf(actionInfo(a).group) - order.indexOf(actionInfo(b).group));
    super(
      {
        crumb: 'help',
        title: () => `${text.title}: ${under?.crumb ?? ''}`,
        cluster,
        columns: [{ title: text.key }, { title: text.action }, { title: text.group }, { title: text.id }],
        unsorted: true,
        rows: () => [
          ...ids
            .filter((id) => keyMap.keysOf(id).length > 0)
            .map((id) => {
              const info = actionInfo(id);
              const keys = keyMap.keysOf(id).map(keyLabel).join(' ');
              const cells = [keys, info[language], groupNames[info.group][language], id];
              return { id, cells, item: () => run(id) };
            }),
          ...own.map(({ key, label, kind, run: act }) => ({
            id: `${kind} ${key}`,
            cells: [keyLabel(key), label, ownNames[kind][language], ''],
            item: () => {
              services.back();
              act();
            },
          })),
        ],
        empty: () => text.empty,
        actions: (act) => ({ open: () => act?.() }),
      },
      services,
    );
  }
}
