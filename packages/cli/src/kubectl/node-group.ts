import type { Command } from 'commander';
import type { Node } from '@geobuk/api';
import { keyOf, nodes } from '@geobuk/api';
import { get } from './get.js';
import type { KubectlIo } from './io.js';
import { drain, drainFlags, nodesOf } from './nodes.js';
import type { Session } from './session.js';
import { addVerb } from './verb.js';
import type { Flags } from './verb.js';

/** `geobuk node`: the machines of the cluster, all that is done with them in one place. */
export function addNodeGroup(parent: Command, io: KubectlIo): void {
  const group = parent.command('node').description('machines of the cluster');
  addVerb(group, 'list', 'machines with their state, addresses and versions', io, (session, args, flags) =>
    get(session, ['nodes', ...args], { output: 'wide', ...flags }),
  ).option('-o, --output <format>', 'wide|yaml|json|name|jsonpath=…|custom-columns=…');
  drainFlags(
    addVerb(group, 'drain', 'move the pods of machines elsewhere', io, drain).option(
      '-l, --selector <labels>',
      'nodes by labels',
    ),
  );
  addVerb(group, 'remove', 'move the pods of machines elsewhere and take the machines out', io, remove)
    .option('--no-drain', 'at once: its pods are ended where they are, or forgotten')
    .option('--grace-period <seconds>', 'time for pods to end')
    .option('--timeout <duration>', 'the longest wait for pods', '5m');
}

const isReady = ({ status }: Node): boolean =>
  status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;

async function remove(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  for (const node of await nodesOf(session, args, flags)) {
    const { name = '', uid } = node.metadata;
    if (flags['drain'] !== false && isReady(node)) {
      const all = { ...flags, ignoreDaemonsets: true, deleteEmptydirData: true, force: true };
      await drain(session, [name], all);
    } else if (flags['drain'] !== false) {
      // Nobody there could end its pods; the cluster forgets them with the node.
      session.note(`Warning: node/${name} is not Ready: its pods are not drained`);
    }
    await session.client.delete(nodes, keyOf(node), { uid, signal: session.signal });
    session.print(`node/${name} removed`);
    session.note(`On that machine: stop geobuk kubelet, then run geobuk reset --yes; else it joins again.`);
  }
}
