import { describeAddon } from '@geobuk/addon-sdk/testing';
import dns from './index.js';

describeAddon(dns, {
  packageRoot: new URL('..', import.meta.url),
  configs: [{ port: 5353, upstreams: ['192.0.2.1'], stubDomains: { 'corp.example': ['192.0.2.2:5353'] } }],
});
