/**
 * Writes docs/tui.md: screens drawn by the program itself on the recorded cluster, keys from the table of actions.
 * Run: npx tsx --conditions=@geobuk/source scripts/write-docs.ts
 */
import { writeFile } from 'node:fs/promises';
import type { ActionGroup, ActionInfo } from '../src/actions/action-table.js';
import { actionIds, actionInfo } from '../src/actions/action-table.js';
import { keyLabel } from '../src/actions/key-map.js';
import { ownViews } from '../src/app/navigation.js';
import { views } from '../src/views/registry.js';
import { builtInSkins } from '../src/theme/theme.js';
import { Dashboard } from '../src/testing/dashboard.js';
import type { DashboardOptions } from '../src/testing/dashboard.js';

async function screen(options: DashboardOptions, shown: string, ...keys: readonly string[]): Promise<string> {
  await using board = new Dashboard({ width: 100, height: 24, ...options });
  await board.shows(keys.length === 0 ? shown : 'connected');
  if (options.command !== 'pulses') await board.shows(/\[[1-9]/);
  board.press(...keys);
  const text = await board.shows(shown);
  const lines = text.split('\n').map((line) => line.trimEnd());
  // Empty rows of a table tell nothing.
  return `\`\`\`text\n${lines.filter((line) => !/^│ *│$/.test(line)).join('\n')}\n\`\`\``;
}

const groups: Readonly<Record<ActionGroup, string>> = {
  resource: 'On objects',
  logs: 'In logs',
  text: 'In texts (YAML, describe, why)',
  general: 'Everywhere',
  navigation: 'Moving',
};

function keyTable(group: ActionGroup): string {
  const rows = actionIds
    .map((id) => [id, actionInfo(id)] as const)
    .filter(([, info]) => info.group === group)
    .map(([id, info]: readonly [string, ActionInfo]) => {
      const keys = info.keys.map((key) => `\`${keyLabel(key).replace('|', '\\|')}\``).join(' ');
      return `| ${keys} | ${info.en} | ${info.ko} | \`${id}\` | ${info.mutates === true ? 'yes' : ''} |`;
    });
  return [
    `### ${groups[group]}`,
    '',
    '| key | does | 동작 | id | changes the cluster |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

const text = `# The terminal dashboard

<!-- Written by packages/tui/scripts/write-docs.ts from the program itself. Do not edit. -->

\`geobuk tui\` shows a cluster in a terminal: any Kubernetes cluster a kubeconfig names, and what is special to Geobuk
(addons, control loops) where the cluster has it. Whoever knows k9s knows it: \`:\` asks for a view, \`/\` filters, \`Enter\`
goes down, \`Esc\` goes back, one letter acts. Line by line in packages/tui/features.md: what of k9s is here, and how.

\`\`\`sh
geobuk tui                                 # pods of the current context
geobuk tui -c fleet                        # the cluster as a fleet
geobuk tui --context prod --readonly       # look, do not touch
geobuk tui -n kube-system -c deployments
\`\`\`

## Screens

Pods. The mark before the name tells how an object is, with or without colour: \`●\` well, \`◐\` waiting, \`✖\` failing,
\`○\` done, \`▼\` ending.

${await screen({}, 'web-5d8f-c')}

Why does a pod not run? \`W\` goes through what has to happen, in order, and says where it stopped and what to do.

${await screen({}, 'What happened', 'S-w')}

\`:fleet\`: a ship for each node, its crew of pods, its load of requests, addons on board.

${await screen({ command: 'fleet' }, 'dns')}

\`:addons\`: what is on, how it is, what it brings; \`e\` switches one after showing what that would do.

${await screen({ command: 'addons' }, 'Enable dashboard?', 'e')}

\`:loops\`: the desired-state loop, live. For each controller what it looked at last, which difference it found, what it did.

${await screen({ command: 'loops' }, 'replicaset')}

\`:pulses\`: a gauge for each kind, curves for load, changes, warnings and API latency.

${await screen({ command: 'pulses', height: 32 }, '━ Pods')}

## Commands

\`RES [NAMESPACES] [/FILTER] [-l SELECTOR] [-f FUZZY] [@CONTEXT,…]\`, parts after the name in any order. While typing, the
list below the line shows what it could mean: kinds, views, namespaces, contexts, actions. \`Tab\` completes, \`Enter\` runs.

| example | shows |
| --- | --- |
| \`:po\` \`:pods\` \`:pod\` | pods, by any name the server gives them |
| \`:deploy kube-system\` | deployments of a namespace |
| \`:pods a,b\` \`:pods !kube-*\` | the union of namespaces; all but some |
| \`:pods @one,two\` | pods of two clusters in one table |
| \`:pods app=web /crash\` | by label, filtered |
| \`:ctx prod\` | another context |
| \`:ns web\` | pods of a namespace |
| \`:dir ~/manifests\` | manifests on this machine: \`a\` shows what they would change and applies them, \`d\` deletes what they hold |
| \`:can u:jane@example.com\` | what somebody may do |
| \`:reload\` | reads the settings again |
| \`:q\` | quit |

Views of its own: ${ownViews.map(({ name, aliases, description }) => `\`:${name}\` (${aliases.map((alias) => `\`${alias}\``).join(', ')}): ${description}`).join('; ')}.

Kinds with columns of their own: ${views.map(({ resource }) => resource.plural).join(', ')}. Every other kind the server
serves, custom resources included, shows the columns the server prints.

## Filters

| filter | keeps |
| --- | --- |
| \`web\` | rows that match a regular expression, anywhere |
| \`!web\` | rows that do not |
| \`web !canary\` | both must hold |
| \`status:!Running\` | a column that does not match |
| \`restarts>3 age<1h\` | numbers and ages compared |
| \`-l app=web\` \`app=web\` | labels |
| \`-f wcn\` | letters in order |
| \`"two words"\` | spaces kept |

A filter that cannot be understood says why.

## Keys

Every action has an id; \`keys\` of the configuration binds ids to other keys, or to none.

${(['resource', 'logs', 'text', 'general', 'navigation'] as const).map(keyTable).join('\n\n')}

## Tabs and split

\`^t\` opens a tab, \`Tab\` goes to the next, \`^x\` closes it; each keeps its filter, cursor and pages. \`|\` puts the details of
the object under the cursor beside the list; they follow the cursor and the object.

## Settings

What k9s reads is read here as it is, from where k9s looks (\`K9S_CONFIG_DIR\`, else \`k9s\` below \`XDG_CONFIG_HOME\` or
\`~/.config\`; contexts below \`XDG_DATA_HOME\` or \`~/.local/share\`). A file that cannot be understood is told of at the start and
keeps no other from working; \`:reload\` reads all of them again.

| file of k9s | what it does here |
| --- | --- |
| \`config.yaml\` | \`readOnly\`, \`defaultView\`, \`noExitOnCtrlC\`, \`portForwardAddress\`, \`ui\` (\`skin\`, \`invert\`, \`headless\`, \`logoless\`, \`crumbsless\`, \`defaultsToFullScreen\`), \`logger\` (\`textWrap\`, \`showTime\`, \`disableAutoscroll\`), \`thresholds\`, \`shellPod\` |
| \`clusters/CLUSTER/CONTEXT/config.yaml\` | \`readOnly\`, \`skin\`, \`namespace\`, \`view\`, \`featureGates.nodeShell\` of one context |
| \`aliases.yaml\`, \`hotkeys.yaml\` | commands by name and by key; those of a context go first |
| \`plugins.yaml\`, \`plugins/\` | programs on keys: scopes, inputs, pipes, background; variables \`$NAME\`, \`$NAMESPACE\`, \`$COL-…\`, \`$INPUT_…\` and the others |
| \`views.yaml\` | columns (\`NAME[:JSONPath][\\|TNWSHLR]\`) and \`sortColumn\` by kind, by \`kind@namespace\`, by pattern |
| \`jumps.yaml\` | where Enter leads, with \`{{.a.b}}\` and \`{{index .a "b"}}\` |
| \`skins/NAME.yaml\` | colours; beside them there are ${[...Object.keys(builtInSkins), 'paper'].map((name) => `\`${name}\``).join(', ')} |

A plugin or hotkey takes a key away from an action only with \`override: true\`. A value that comes from a cluster is not put
into the command line of a shell when the shell would run parts of it: such a plugin takes \`$NAME\` from its environment instead,
where all variables stand. With \`--readonly\` only plugins that say \`dangerous: false\` are offered.

What k9s has no word for stands in \`tui.yaml\`, in \`geobuk\` below \`XDG_CONFIG_HOME\` or \`~/.config\` (or at
\`GEOBUK_TUI_CONFIG\`), and goes before the files of k9s:

\`\`\`yaml
language: ko          # en or ko; absent: what LANG says
mouse: true
skin: blue-orange
keys:                 # by id, see above; [] takes an action its keys
  yaml: [f5]
  kill: []
contexts:
  prod:
    badge: PROD       # in red in the header and in every dialog; what is confirmed wants the context's name typed
    readOnly: true    # --write lifts it for one run
    skin: high-contrast
    favourites: [web, db]
    nodeShell: true   # s on a node makes a privileged pod there, asks first, and deletes it after
\`\`\`

The last view, namespaces, sorts, filters, commands and named port-forwards are kept in \`geobuk/tui.json\` below
\`XDG_STATE_HOME\` or \`~/.local/state\`; nothing of a cluster's content is.

## Safety

- No single key changes anything: what destroys asks first, and the question begins on Cancel. Namespaces, nodes, volumes and
  CRDs want their name typed. A context with a badge wants its own name typed for every confirmation.
- \`--readonly\` is enforced below all keys: whatever a view does, only reads leave the program.
- An action hits the object that was highlighted when the key was pressed, by its UID.
- \`e\` shows what the server would make of an edit before it is applied, and keeps the text when it is refused.
- \`:journal\` lists what was changed from here; \`u\` takes a change back, unless somebody else changed the object since.

## On bad days

The first frame is painted before anything is asked of the network. A cluster out of reach stays on the screen with the age of
what is shown, is tried again for ever, and never ends the program. \`NO_COLOR\`, 16 and 256 colours and truecolor are understood,
as are Korean, Chinese and emoji, mouse and resize, tmux and ssh (copying uses OSC 52).
`;

await writeFile(new URL('../../../docs/tui.md', import.meta.url), text);
