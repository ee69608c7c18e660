import type { ClusterSet } from '../cluster/cluster-set.js';
import { parseCommand } from '../command/parse-command.js';
import type { Command } from '../command/parse-command.js';
import { suggest } from '../command/suggest.js';
import type { Suggestion, SuggestionSources } from '../command/suggest.js';
import type { Page } from '../pages/page.js';
import type { CommandHistory } from './history.js';
import { ownViews, pageOf } from './navigation.js';
import type { Services } from './services.js';

export interface CommandsDeps {
  readonly clusters: ClusterSet;
  readonly services: Services;
  readonly history: CommandHistory;
  /** From now on this context is the one commands are about. */
  readonly enter: (context: string) => void;
  /** Shows a page; `onTop`: above those that are open, else instead of them. */
  readonly show: (page: Page, onTop: boolean) => void;
  readonly quit: () => void;
  /** Reads the settings again. */
  readonly reload: () => void;
}

export interface RunOptions {
  /** Whether it goes into the history; not when it comes from there. */
  readonly remember: boolean;
  /** Whether Esc comes back to what is shown now. */
  readonly onTop?: boolean | undefined;
}

const quits = new Set(['q', 'q!', 'qa', 'quit', 'exit']);
/** Words of a command that are no names of views. */
const words = new Set([...quits, 'can', 'reload', 'dir', 'cow']);

/** What is typed after `:`. */
export class Commands {
  readonly #deps: CommandsDeps;

  constructor(deps: CommandsDeps) {
    this.#deps = deps;
  }

  /** Whether a text means something by itself, so that Enter runs it and not the best guess. */
  isExact(text: string): boolean {
    const { services } = this.#deps;
    const name = parseCommand(this.#expanded(text))?.name ?? '';
    return (
      words.has(name) ||
      ownViews.some((view) => view.name === name || view.aliases.includes(name)) ||
      services.cluster(services.context).catalog.find(name) !== undefined
    );
  }

  suggest(text: string, actions: SuggestionSources['actions']): readonly Suggestion[] {
    const { services, history } = this.#deps;
    const cluster = services.cluster(services.context);
    return suggest(text, {
      catalog: cluster.catalog,
      namespaces: services.facts(cluster).namespaces,
      contexts: services.contexts,
      views: [...ownViews, ...this.#aliasViews()],
      actions,
      history: [...new Set([...history.recent, ...services.memory.commands])],
    });
  }

  run(text: string, { remember, onTop = false }: RunOptions): void {
    const { services, history, enter, show, quit, reload } = this.#deps;
    const command = parseCommand(this.#expanded(text));
    if (command === undefined) return;
    if (quits.has(command.name)) {
      quit();
      return;
    }
    if (command.name === 'reload') {
      reload();
      return;
    }
    const target = this.#contextsOf(command);
    if (target === undefined) return;
    if (target.switched) enter(target.contexts[0]!);
    const clusters = target.contexts.map((name) => services.cluster(name));
    const wanted = target.switched && isContexts(command) ? this.#viewOf(target.contexts[0]!) : command;
    const page = pageOf(wanted, clusters, services);
    if (page === undefined) {
      services.flash('alert', `no resource or view is called ${command.name}; : and some letters show what there is`);
      return;
    }
    if (remember) {
      history.push(text);
      services.memory.keepCommand(text);
    }
    if (!onTop && !isContexts(wanted)) services.memory.keep(services.context, { view: viewText(wanted) });
    show(page, onTop);
  }

  /** Contexts a command is about; undefined: one of them does not exist, which was told. */
  #contextsOf(command: Command): { readonly contexts: readonly string[]; readonly switched: boolean } | undefined {
    const { clusters, services } = this.#deps;
    const asked = isContexts(command) && command.args[0] !== undefined ? [command.args[0]] : command.contexts;
    const unknown = asked.find((context) => !clusters.has(context));
    if (unknown !== undefined) {
      services.flash('alert', `no context ${unknown}`);
      return undefined;
    }
    return asked.length === 0 ? { contexts: [services.context], switched: false } : { contexts: asked, switched: true };
  }

  /** What was shown last in a context. */
  #viewOf(context: string): Command {
    const { services } = this.#deps;
    const last = services.memory.of(context).view ?? services.personal.of(context).view ?? 'pods';
    const pods: Command = { name: 'pods', args: [], contexts: [] };
    return parseCommand(last) ?? pods;
  }

  /** A person's own alias in place of its name; what follows it stays. */
  #expanded(text: string): string {
    const [name = '', ...rest] = text.trim().split(' ');
    const { services } = this.#deps;
    const meant = services.personal.of(services.context).aliases[name.toLowerCase()];
    return meant === undefined ? text : [meant, ...rest].join(' ');
  }

  #aliasViews(): readonly { readonly name: string; readonly description: string }[] {
    const { services } = this.#deps;
    return Object.entries(services.personal.of(services.context).aliases).map(([name, command]) => ({
      name,
      description: `alias of ${command}`,
    }));
  }
}

const isContexts = ({ name }: Command): boolean => /^(ctx|contexts?)$/.test(name);

/** A command as it is kept: without its context, which has its own place. */
const viewText = ({ name, args, labelSelector, filter }: Command): string =>
  [
    name,
    ...args,
    ...(labelSelector === undefined ? [] : [`'${labelSelector}'`]),
    ...(filter === undefined ? [] : [`/${filter}`]),
  ].join(' ');
