import { join } from 'node:path';
import type { Routing, ServicePortRef } from '../routing/routing.js';
import { Backends } from './backends.js';
import type { Backend } from './backends.js';
import { section } from './config-text.js';
import { frontend } from './frontend.js';
import { addressText, slotsFor } from './server-slots.js';
import type { ServerAddress, ServerSlots } from './server-slots.js';

export interface HaproxySettings {
  /** Everything is below. */
  readonly directory: string;
  readonly accessLog: boolean;
  /** Whether this machine has IPv6. */
  readonly ipv6: boolean;
  readonly trustForwardedHeaders: boolean;
  readonly maxConnections: number;
  readonly timeoutSeconds: number;
  /** How long a former worker may go on with the connections it has. */
  readonly drainSeconds: number;
  /** The account of the workers; absent: that of the agent. */
  readonly user?: string | undefined;
}

export interface HaproxyConfig {
  readonly text: string;
  /** By name, relative to the directory; maps and lists of certificates. */
  readonly files: Readonly<Record<string, string>>;
  /** Certificates by name, relative to the directory. */
  readonly certificates: Readonly<Record<string, string>>;
  /** Servers of each section that has a Service. */
  readonly slots: ReadonlyMap<string, ServerSlots>;
  readonly services: ReadonlyMap<string, ServicePortRef>;
}

export const adminSocket = (directory: string): string => join(directory, 'admin.sock');
export const masterSocket = (directory: string): string => join(directory, 'master.sock');
export const metricsSocket = (directory: string): string => join(directory, 'metrics.sock');

/** Shown to clients that name no known host. */
export const defaultCertificate = 'certs/default.pem';
export const certificateFile = (id: string): string => `certs/${id}.pem`;

/** Pure: the same routing and endpoints give the same text. */
export function haproxyConfig(
  routing: Routing,
  endpointsOf: (service: ServicePortRef) => readonly ServerAddress[],
  settings: HaproxySettings,
): HaproxyConfig {
  const { directory, accessLog, ipv6, trustForwardedHeaders } = settings;
  const backends = new Backends();
  const files: Record<string, string> = {};
  const certificates: Record<string, string> = {};
  const frontends = routing.binds.map((bind) => {
    const list = `certificates-${bind.port}.list`;
    const place = { directory, certificateList: join(directory, list), accessLog, ipv6, trustForwardedHeaders };
    const { text, maps } = frontend(bind, backends, place);
    Object.assign(files, maps);
    if (bind.tls) {
      const entries = bind.certificates.map(({ id, hosts }) => [join(directory, certificateFile(id)), ...hosts]);
      files[list] = [[join(directory, defaultCertificate)], ...entries].map((words) => `${words.join(' ')}\n`).join('');
      for (const { id, pem } of bind.certificates) certificates[certificateFile(id)] = pem;
    }
    return text;
  });
  const slots = new Map<string, ServerSlots>();
  const services = new Map<string, ServicePortRef>();
  const sections = backends.all.map((backend) => {
    const { name, service } = backend;
    if (service === undefined) return section(`backend ${name}`, backend.lines);
    const filled = slotsFor(endpointsOf(service));
    slots.set(name, filled);
    services.set(name, service);
    return section(`backend ${name}`, backendLines(backend, service, filled));
  });
  const text = [globals(settings), defaults(settings), metrics(directory), ...frontends, ...sections].join('\n');
  return { text, files, certificates, slots, services };
}

const globals = ({ directory, user, maxConnections, drainSeconds }: HaproxySettings): string =>
  section('global', [
    'log stdout format raw daemon',
    `stats socket ${adminSocket(directory)} mode 600 level admin expose-fd listeners`,
    'stats timeout 30s',
    `maxconn ${maxConnections}`,
    `hard-stop-after ${drainSeconds}s`,
    ...(user === undefined ? [] : [`user ${user}`]),
    'ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
    'ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
  ]);

const defaults = ({ timeoutSeconds }: HaproxySettings): string =>
  section('defaults', [
    'mode http',
    'option redispatch',
    'option dontlognull',
    'retries 3',
    'retry-on conn-failure',
    'timeout connect 5s',
    'timeout http-request 10s',
    'timeout http-keep-alive 60s',
    'timeout queue 30s',
    `timeout client ${timeoutSeconds}s`,
    `timeout server ${timeoutSeconds}s`,
    'timeout client-fin 30s',
    'timeout tunnel 1h',
  ]);

const metrics = (directory: string): string =>
  section('frontend metrics', [
    `bind unix@${metricsSocket(directory)} mode 600`,
    'http-request use-service prometheus-exporter if { path /metrics }',
    'http-request return status 404',
  ]);

/** Kubernetes looks after the health of endpoints; a server that does not take a connection is passed over at once. */
const backendLines = ({ lines }: Backend, { protocol }: ServicePortRef, slots: ServerSlots): readonly string[] => [
  'balance roundrobin',
  ...lines,
  ...(protocol === 'h2c' ? ['default-server proto h2'] : []),
  ...slots.map((slot, index) =>
    slot === undefined ? `server e${index} 127.0.0.1:1 disabled` : `server e${index} ${addressText(slot)}`,
  ),
];
