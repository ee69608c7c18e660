import { describeAddon } from '@geobuk/addon-sdk/testing';
import storage from './index.js';

describeAddon(storage, {
  packageRoot: new URL('..', import.meta.url),
  configs: [
    { directory: '/srv/volumes', capacity: '100Gi', reservedPercent: 0, defaultClass: false, healthPort: 4999 },
  ],
});
