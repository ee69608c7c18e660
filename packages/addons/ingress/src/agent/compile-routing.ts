import type { Ingress } from '@geobuk/api';
import { tlsSecret } from '../certificates/tls-secret.js';
import type { IngressConfig } from '../config.js';
import { addGateways } from '../gateway/add-gateways.js';
import type { GatewayObjects, GatewayStanding } from '../gateway/add-gateways.js';
import { isOurs } from '../ingress/ingress-class.js';
import { addIngress } from '../ingress/ingress-rules.js';
import type { ClusterView } from '../routing/cluster-view.js';
import type { Routing } from '../routing/routing.js';
import { RuleCollector } from '../routing/rule-collector.js';
import type { ClusterObjects } from './cluster-objects.js';

export interface CompileInput {
  readonly config: Pick<IngressConfig, 'httpPort' | 'httpsPort' | 'defaultCertificate'>;
  readonly objects: Pick<ClusterObjects, 'ingresses' | 'ingressClasses'> & {
    readonly view: ClusterView;
    readonly gateway: GatewayObjects;
  };
  /** PEM, where none is configured or that one is bad. */
  readonly selfSigned: string;
  readonly portProblem: (port: number) => string | undefined;
}

export interface Compiled {
  readonly routing: Routing;
  readonly gateway: GatewayStanding;
  readonly ingresses: readonly Ingress[];
  /** What is wrong with which Ingress. */
  readonly problems: readonly { readonly ingress: Ingress; readonly message: string }[];
  /** About the default certificate. */
  readonly warning: string | undefined;
}

/** Pure: from all objects to one routing, and what is to be said of each object. */
export function compileRouting({ config, objects, selfSigned, portProblem }: CompileInput): Compiled {
  const { view } = objects;
  const ports = { http: config.httpPort, https: config.httpsPort };
  const collector = new RuleCollector();
  collector.open(ports.http, false);
  collector.open(ports.https, true);
  const ingresses = objects.ingresses.filter((one) => isOurs(one, objects.ingressClasses));
  const problems = ingresses.flatMap((ingress) => {
    const found = addIngress(ingress, view, ports, collector);
    return found.length === 0 ? [] : [{ ingress, message: found.join('; ') }];
  });
  const ingressPorts = new Map([
    [ports.http, false],
    [ports.https, true],
  ]);
  const gateway = addGateways(objects.gateway, { view, portProblem, ingressPorts }, collector);
  const [namespace = '', name = ''] = config.defaultCertificate.split('/');
  const chosen =
    config.defaultCertificate === ''
      ? undefined
      : tlsSecret(config.defaultCertificate, view.secrets.get({ namespace, name }));
  return {
    routing: collector.routing(chosen?.ok === true ? chosen.pem : selfSigned),
    gateway,
    ingresses,
    problems,
    warning: chosen?.ok === false ? `the default certificate: ${chosen.problem}` : undefined,
  };
}
