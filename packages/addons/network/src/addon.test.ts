import { describeAddon } from '@geobuk/addon-sdk/testing';
import network from './index.js';

describeAddon(network, {
  packageRoot: new URL('..', import.meta.url),
  configs: [
    { mtu: 1400, masquerade: false },
    { backend: 'vxlan', vxlanPort: 8472 },
  ],
});
