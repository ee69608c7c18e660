import { spawnSync } from 'node:child_process';
import { findCommand } from './host-packages.js';

/**
 * Removes what the addons of a cluster made on this machine and what stays when they are only stopped: the bridge `gb<id>` and
 * the nftables tables `geobuk-<id>-…`. Other clusters' are told apart by their id.
 */
export function removeHostNetwork(id: string): void {
  const ip = findCommand('ip');
  const nft = findCommand('nft');
  if (ip !== undefined) {
    const links = JSON.parse(
      spawnSync(ip, ['-json', 'link', 'show'], { encoding: 'utf8' }).stdout || '[]',
    ) as readonly { readonly ifname: string }[];
    for (const { ifname } of links) if (ifname.startsWith(`gb${id}`)) spawnSync(ip, ['link', 'delete', ifname]);
  }
  if (nft !== undefined) {
    const listed = spawnSync(nft, ['list', 'tables'], { encoding: 'utf8' }).stdout;
    for (const [, family = '', name = ''] of listed.matchAll(/^table (\S+) (\S+)$/gm)) {
      if (name.startsWith(`geobuk-${id}-`)) spawnSync(nft, ['delete', 'table', family, name]);
    }
  }
}
