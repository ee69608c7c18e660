import { describeAddon } from '@geobuk/addon-sdk/testing';
import registry from './index.js';

describeAddon(registry, {
  packageRoot: new URL('..', import.meta.url),
  configs: [
    { node: 'n1', directory: '/srv/images', capacity: '50Gi', anonymousPull: false, port: 5000 },
    { claim: 'images', hostname: 'images.example.com', sweepUntagged: true, sweepHours: 1 },
  ],
});
