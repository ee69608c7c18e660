import { describeAddon } from '@geobuk/addon-sdk/testing';
import helm from './index.js';

describeAddon(helm, {
  packageRoot: new URL('..', import.meta.url),
  configs: [{ program: '/opt/helm', chartDirectory: '/srv/charts', node: 'n1' }],
});
