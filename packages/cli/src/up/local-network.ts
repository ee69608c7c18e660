import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CliError } from '../cli-error.js';
import { findCommand } from '../host-packages.js';

/** The network that joins several nodes on one machine: a bridge, and a network namespace for each further node. */
export interface LocalNetwork {
  /** Of the machine on the bridge: its own node's, and where the others find the API. */
  readonly address: string;
  readonly nodes: readonly LocalNode[];
}

export interface LocalNode {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
}

const tableOf = (tag: string): string => `geobuk-${tag}-nodes`;

/**
 * Names and addresses for `count` nodes beside the machine's own. Pure.
 * @param tag tells clusters on one machine apart; short, since link names have 15 characters.
 */
export function planLocalNetwork(tag: string, subnet: string, machine: string, count: number): LocalNetwork {
  const base = subnet.replace(/\.0\/24$/, '');
  return {
    address: `${base}.1`,
    nodes: Array.from({ length: count }, (_, i) => ({
      name: `${machine}-${i + 2}`,
      namespace: `geobuk-${tag}-${i + 2}`,
      address: `${base}.${i + 2}`,
    })),
  };
}

/** The third octet of a 10.251.x.0/24 that no route names yet. */
export function chooseNodeSubnet(routes: string): string {
  const taken = new Set([...routes.matchAll(/^\S+\t([0-9A-F]{8})\t/gm)].map(([, hex = '']) => hex));
  for (let third = 0; third < 256; third += 1) {
    if (!taken.has(`00${third.toString(16).padStart(2, '0').toUpperCase()}FB0A`)) return `10.251.${third}.0/24`;
  }
  throw new CliError('no free network for several nodes on this machine: stop another cluster first');
}

/** Makes bridge, namespaces and links; what is there already is kept. Returns what takes all of it away again. */
export function buildLocalNetwork(tag: string, network: LocalNetwork): () => void {
  const bridge = `gbn${tag}`;
  const subnet = `${network.address.replace(/\.1$/, '')}.0/24`;
  if (!existsSync(`/sys/class/net/${bridge}`)) {
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('address', 'add', `${network.address}/24`, 'dev', bridge);
  }
  ip('link', 'set', bridge, 'up');
  const forwarding = '/proc/sys/net/ipv4/ip_forward';
  if (readFileSync(forwarding, 'utf8').trim() !== '1') writeFileSync(forwarding, '1');
  nft(`table ip ${tableOf(tag)} {}\ndelete table ip ${tableOf(tag)}\ntable ip ${tableOf(tag)} {
    chain postrouting { type nat hook postrouting priority srcnat; ip saddr ${subnet} oifname != "${bridge}" masquerade; }
  }`);
  network.nodes.forEach(({ namespace, address }, i) => {
    if (existsSync(`/run/netns/${namespace}`)) return;
    const link = `gbv${tag}${i + 2}`;
    ip('netns', 'add', namespace);
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    ip('link', 'set', link, 'master', bridge, 'up');
    const inside = (...args: readonly string[]): void => ip('-n', namespace, ...args);
    inside('link', 'set', 'lo', 'up');
    inside('address', 'add', `${address}/24`, 'dev', 'eth0');
    inside('link', 'set', 'eth0', 'up');
    inside('route', 'add', 'default', 'via', network.address);
  });
  return () => removeLocalNetwork(tag, network);
}

function removeLocalNetwork(tag: string, network: LocalNetwork): void {
  const command = tool('ip');
  // With its namespace a veth goes, and with it its other end.
  for (const { namespace } of network.nodes) spawnSync(command, ['netns', 'delete', namespace]);
  spawnSync(command, ['link', 'delete', `gbn${tag}`]);
  spawnSync(tool('nft'), ['delete', 'table', 'ip', tableOf(tag)]);
}

const packageOf: Readonly<Record<string, string>> = { ip: 'iproute2', nft: 'nftables', nsenter: 'util-linux' };

function tool(name: string): string {
  const path = findCommand(name);
  if (path === undefined)
    throw new CliError(`${name} is not installed: run apt-get install ${packageOf[name] ?? name}`);
  return path;
}

/** What runs a process inside a node's network, and nowhere else: `ip netns exec` would hide the cgroups below /sys. */
export const withinNode = (node: LocalNode): readonly string[] => [
  tool('nsenter'),
  `--net=/run/netns/${node.namespace}`,
  '--',
];

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(tool('ip'), args, { encoding: 'utf8' });
  if (status !== 0) throw new CliError(`cannot make the nodes' network: ip ${args.join(' ')}: ${stderr.trim()}`);
}

function nft(rules: string): void {
  const { status, stderr } = spawnSync(tool('nft'), ['-f', '-'], { encoding: 'utf8', input: rules });
  if (status !== 0) throw new CliError(`cannot make the nodes' network: nft: ${stderr.trim().split('\n')[0] ?? ''}`);
}
