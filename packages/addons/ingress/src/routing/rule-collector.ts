import type { HostPattern } from './host-pattern.js';
import { hostText } from './host-pattern.js';
import { byPrecedence } from './precedence.js';
import type { RankedRule } from './precedence.js';
import type { Bind, Routing, ServedCertificate, VirtualHost } from './routing.js';

interface OpenBind {
  readonly tls: boolean;
  readonly hosts: Map<string, { readonly pattern: HostPattern; readonly rules: RankedRule[] }>;
  readonly certificates: Map<string, ServedCertificate>;
}

/** Gathers rules and certificates from any number of objects, and puts them in order. */
export class RuleCollector {
  readonly #binds = new Map<number, OpenBind>();

  /** Fine to say again. */
  open(port: number, tls: boolean): void {
    if (!this.#binds.has(port)) this.#binds.set(port, { tls, hosts: new Map(), certificates: new Map() });
  }

  add(port: number, pattern: HostPattern, rule: RankedRule): void {
    const { hosts } = this.#bind(port);
    const key = hostText(pattern);
    const host = hosts.get(key) ?? { pattern, rules: [] };
    hosts.set(key, host);
    host.rules.push(rule);
  }

  /** The same Secret may be named by many: its hosts add up. */
  serve(port: number, certificate: ServedCertificate): void {
    const { certificates } = this.#bind(port);
    const before = certificates.get(certificate.id);
    const hosts = [...new Set([...(before?.hosts ?? []), ...certificate.hosts])].sort();
    certificates.set(certificate.id, { ...certificate, hosts });
  }

  /** The same for the same objects, whatever the order they came in. */
  routing(defaultCertificate: string): Routing {
    const binds = [...this.#binds].sort(([a], [b]) => a - b).map(([port, bind]) => closed(port, bind));
    return { binds, defaultCertificate };
  }

  #bind(port: number): OpenBind {
    const bind = this.#binds.get(port);
    if (bind === undefined) throw new Error(`port ${port} was not opened`);
    return bind;
  }
}

function closed(port: number, { tls, hosts, certificates }: OpenBind): Bind {
  const inOrder = <T>(map: ReadonlyMap<string, T>): readonly T[] =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  return {
    port,
    tls,
    hosts: inOrder(hosts).map(({ pattern, rules }): VirtualHost => ({
      pattern,
      rules: rules.sort(byPrecedence).map(({ rule }) => rule),
    })),
    certificates: inOrder(certificates),
  };
}
