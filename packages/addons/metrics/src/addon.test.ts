import { describeAddon } from '@geobuk/addon-sdk/testing';
import metrics from './index.js';

describeAddon(metrics, {
  packageRoot: new URL('..', import.meta.url),
  configs: [{ resolutionSeconds: 30, history: { minutes: 120 }, port: 4443 }],
});
