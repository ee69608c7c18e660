import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { runCommand } from '../agent/run-command.js';

const { signal } = new AbortController();
const run = (program: string, args: readonly string[], netns?: string): Promise<string> =>
  runCommand(program, args, { signal, netns });

const server = `
const [,, name, protocol, port] = process.argv;
if (protocol === 'udp') {
  const socket = require('dgram').createSocket('udp4');
  socket.on('message', (_, from) => socket.send(name + ' ' + from.address, from.port, from.address));
  socket.bind(Number(port), () => console.log('up'));
} else {
  require('net').createServer((s) => { s.on('error', () => {}); s.end(name + ' ' + s.remoteAddress.replace('::ffff:', '')); })
    .listen(Number(port), '0.0.0.0', () => console.log('up'));
}`;

const client = `
const [,, protocol, address, port, count] = process.argv;
const ask = () => new Promise((resolve) => {
  const give = (text) => resolve(text);
  if (protocol === 'udp') {
    const socket = require('dgram').createSocket('udp4');
    const timer = setTimeout(() => { socket.close(); give('timeout'); }, 1500);
    socket.on('error', (e) => { clearTimeout(timer); socket.close(); give(e.code); });
    socket.on('message', (m) => { clearTimeout(timer); socket.close(); give(String(m)); });
    if (process.argv[6]) socket.bind(Number(process.argv[6]));
    socket.connect(Number(port), address, () => socket.send('x'));
    return;
  }
  const socket = require('net').connect({ host: address, port: Number(port) });
  let text = '';
  socket.setTimeout(1500, () => { socket.destroy(); give('timeout'); });
  socket.on('data', (d) => { text += d; });
  socket.on('error', (e) => give(e.code));
  socket.on('end', () => give(text));
});
(async () => { const all = []; for (let i = 0; i < Number(count); i++) all.push(await ask()); console.log(JSON.stringify(all)); })();`;

/**
 * A node in network namespaces: a bridge `gb` with pods (each a namespace, 10.42.0.x) and an outer client 192.0.2.9 on
 * another link. Everything it made goes when it is disposed of.
 */
export class NetworkLab {
  readonly #id = randomBytes(3).toString('hex');
  readonly #namespaces: string[] = [];
  readonly #servers: ChildProcess[] = [];

  get node(): string {
    return `gbt-${this.#id}-node`;
  }

  static async open(pods: number): Promise<NetworkLab> {
    const lab = new NetworkLab();
    await lab.#makeNode(lab.node);
    for (let pod = 2; pod < pods + 2; pod += 1) await lab.#attachPod(lab.node, lab.pod(pod), `10.42.0.${pod}`);
    await lab.#attach(lab.node, lab.outside, 'out', '192.0.2.9/24', '192.0.2.2');
    await run('ip', ['addr', 'add', '192.0.2.2/24', 'dev', 'out'], lab.node);
    await run('ip', ['link', 'set', 'out', 'up'], lab.node);
    await run('ip', ['route', 'add', 'default', 'via', '192.0.2.9'], lab.node);
    return lab;
  }

  /**
   * Two nodes on different networks, 192.0.2.2 and 198.51.100.2, and a router between them that knows nothing of pods;
   * one pod each: `pod(2)` 10.42.0.2 and `farPod` 10.42.1.2.
   */
  static async openRouted(): Promise<NetworkLab> {
    const lab = new NetworkLab();
    await lab.#namespace(lab.router);
    await run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1'], lab.router);
    for (const [node, pod, share, network] of [
      [lab.node, lab.pod(2), '10.42.0', '192.0.2'],
      [lab.farNode, lab.farPod, '10.42.1', '198.51.100'],
    ] as const) {
      await lab.#makeNode(node, `${share}.1`);
      await lab.#attachPod(node, pod, `${share}.2`);
      const link = `to-${share.slice(-1)}`;
      await run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', node], lab.router);
      await run('ip', ['addr', 'add', `${network}.1/24`, 'dev', link], lab.router);
      await run('ip', ['link', 'set', link, 'up'], lab.router);
      await run('ip', ['addr', 'add', `${network}.2/24`, 'dev', 'eth0'], node);
      await run('ip', ['link', 'set', 'eth0', 'up'], node);
      await run('ip', ['route', 'add', 'default', 'via', `${network}.1`], node);
    }
    return lab;
  }

  get router(): string {
    return `gbt-${this.#id}-router`;
  }

  get farNode(): string {
    return `gbt-${this.#id}-far`;
  }

  get farPod(): string {
    return `gbt-${this.#id}-farp2`;
  }

  get outside(): string {
    return `gbt-${this.#id}-out`;
  }

  pod(number: number): string {
    return `gbt-${this.#id}-p${number}`;
  }

  /** A server that answers each connection with its name and the address it sees. */
  async serve(netns: string, name: string, protocol: 'tcp' | 'udp', port: number): Promise<void> {
    const child = spawn(
      'ip',
      ['netns', 'exec', netns, process.execPath, '-e', server, '-', name, protocol, String(port)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#servers.push(child);
    await once(child.stdout, 'data');
  }

  /** What each of `count` connections answers: `name client-address`, `ECONNREFUSED` or `timeout`. */
  async ask(
    netns: string,
    protocol: 'tcp' | 'udp',
    address: string,
    port: number,
    count = 1,
    fromPort?: number,
  ): Promise<readonly string[]> {
    const args = ['-e', client, '-', protocol, address, String(port), String(count)];
    if (fromPort !== undefined) args.push(String(fromPort));
    return JSON.parse(await run(process.execPath, args, netns)) as readonly string[];
  }

  async #namespace(name: string): Promise<void> {
    await run('ip', ['netns', 'add', name]);
    this.#namespaces.push(name);
    await run('ip', ['link', 'set', 'lo', 'up'], name);
  }

  /** A namespace that forwards, with the bridge `gb`, on which its pods have their gateway. */
  async #makeNode(name: string, gateway = '10.42.0.1'): Promise<void> {
    await this.#namespace(name);
    await run('ip', ['link', 'add', 'gb', 'type', 'bridge'], name);
    await run('ip', ['addr', 'add', `${gateway}/24`, 'dev', 'gb'], name);
    await run('ip', ['link', 'set', 'gb', 'up'], name);
    for (const setting of [
      'net.ipv4.ip_forward=1',
      'net.bridge.bridge-nf-call-iptables=1',
      'net.ipv4.conf.all.route_localnet=1',
    ])
      await run('sysctl', ['-q', '-w', setting], name);
  }

  async #attachPod(node: string, name: string, address: string): Promise<void> {
    const link = `p${address.split('.').at(-1) ?? ''}`;
    await this.#attach(node, name, link, `${address}/24`, address.replace(/\d+$/, '1'));
    await run('ip', ['link', 'set', link, 'master', 'gb', 'up'], node);
    await run('bridge', ['link', 'set', 'dev', link, 'hairpin', 'on'], node);
  }

  async #attach(node: string, name: string, link: string, address: string, gateway: string): Promise<void> {
    await this.#namespace(name);
    await run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name], node);
    await run('ip', ['addr', 'add', address, 'dev', 'eth0'], name);
    await run('ip', ['link', 'set', 'eth0', 'up'], name);
    await run('ip', ['route', 'add', 'default', 'via', gateway], name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#servers) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    for (const name of this.#namespaces) await run('ip', ['netns', 'del', name]);
  }
}
