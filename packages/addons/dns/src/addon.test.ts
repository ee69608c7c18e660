import { describeAddon } from '@geobuk/addon-sdk/testing';
import dns from './index.js';

describeAddon(dns, {
  packageRoot: new URL('..', import.meta.url),
  configs: [
    {
      replicas: 2,
      upstreams: ['192.0.2.1:5353'],
      stubDomains: { 'corp.example': ['192.0.2.2'] },
      hosts: { nas: ['192.0.2.3'] },
    },
  ],
});
