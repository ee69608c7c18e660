import type { ActionId } from '../actions/action-table.js';
import type { Actions } from '../actions/key-map.js';
import { HelpPage } from '../pages/help-page.js';
import type { OwnKey } from '../pages/help-page.js';
import type { Page } from '../pages/page.js';
import type { CommandHistory } from './history.js';
import type { Prompts } from './prompts.js';
import type { Screen } from './screen.js';
import type { Services } from './services.js';
import type { Tabs } from './tabs.js';

export interface GlobalActionsDeps {
  readonly services: Services;
  readonly page: Page | undefined;
  readonly screen: Screen;
  readonly tabs: Tabs;
  readonly prompts: Prompts;
  readonly history: CommandHistory;
  /** Runs a command of the history, which stays as it is. */
  readonly recall: (command: string) => void;
  readonly runAction: (id: ActionId) => void;
  /** Plugins and hotkeys of this page. */
  readonly ownKeys: () => readonly OwnKey[];
  readonly newTab: () => void;
  /** Another tab is seen now. */
  readonly turned: () => void;
  readonly quit: () => void;
}

/** What can be done on every page. */
export function globalActions(deps: GlobalActionsDeps): Actions {
  const { services, page, screen, tabs, prompts, history, recall } = deps;
  const again = (command: string | undefined): void => {
    if (command !== undefined) recall(command);
  };
  const openHelp = (): void => {
    if (page?.crumb === 'help') {
      services.back();
      return;
    }
    const cluster = page?.cluster ?? services.cluster(services.context);
    const actions = page?.actions() ?? {};
    const own = deps.ownKeys();
    services.open(new HelpPage({ cluster, under: page, actions, run: deps.runAction, own }, services));
  };
  return {
    command: () => prompts.openCommand(),
    ...(page?.filter === undefined ? {} : { filter: () => prompts.openFilter() }),
    help: openHelp,
    back: () => {
      if (page?.escape?.() !== true) services.back();
    },
    historyBack: () => again(history.back()),
    historyForward: () => again(history.forward()),
    lastCommand: () => again(history.last()),
    toggleHeader: () => screen.toggleHeader(),
    toggleCrumbs: () => screen.toggleCrumbs(),
    fullScreen: () => screen.toggleFullScreen(),
    aliases: () => (page?.crumb === 'aliases' ? services.back() : services.drillDown('aliases')),
    newTab: deps.newTab,
    nextTab: () => {
      tabs.next();
      deps.turned();
    },
    closeTab: () => {
      tabs.remove();
      deps.turned();
    },
    ...(page?.preview === undefined ? {} : { split: () => tabs.toggleSide() }),
    ...(services.personal.k9s.noExitOnCtrlC === true ? {} : { quit: deps.quit }),
  };
}
