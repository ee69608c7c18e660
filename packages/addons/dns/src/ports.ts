import { hostPort } from '@geobuk/addon-sdk';

/** Ports of the node that the server listens on: DNS, and health with metrics. */
export interface DnsPorts {
  readonly dns: number;
  readonly status: number;
}

export const dnsPorts = (clusterId: string, configured: number): DnsPorts => ({
  dns: configured === 0 ? hostPort(clusterId, 4) : configured,
  status: hostPort(clusterId, 5),
});
