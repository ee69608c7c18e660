import type { NftChain } from '@geobuk/addon-sdk';
import { bridgeName } from './conflist.js';

export interface BaseRulesetOptions {
  readonly clusterId: string;
  /** Of the whole cluster. */
  readonly clusterCIDR: string;
  /** The node's share. */
  readonly podCIDR: string;
  readonly masquerade: boolean;
}

export const networkTable = (clusterId: string) => ({ family: 'ip', name: `geobuk-${clusterId}-network` });

/**
 * What every node needs: pods keep their address inside the pod network and take the node's outside of it, and are
 * forwarded both ways.
 */
export function baseChains(options: BaseRulesetOptions): ReadonlyMap<string, NftChain> {
  const bridge = bridgeName(options.clusterId);
  const leaving = `ip saddr ${options.podCIDR} ip daddr != ${options.clusterCIDR} ip daddr != 224.0.0.0/4`;
  return new Map<string, NftChain>([
    [
      'postrouting',
      {
        hook: 'type nat hook postrouting priority srcnat',
        rules: options.masquerade ? [`${leaving} oifname != "${bridge}" masquerade fully-random`] : [],
      },
    ],
    [
      'forward',
      {
        hook: 'type filter hook forward priority filter + 10',
        rules: [`iifname "${bridge}" accept`, `oifname "${bridge}" accept`],
      },
    ],
  ]);
}
