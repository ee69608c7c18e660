import type { TextKey, Translate } from '../i18n/texts.js';
import type { Finding, FindingCode } from './explain-pod.js';

const keys: Readonly<Record<FindingCode, TextKey>> = {
  unschedulable: 'unschedulable',
  gated: 'gated',
  notScheduled: 'notScheduled',
  image: 'whyImage',
  config: 'whyConfig',
  volume: 'whyVolume',
  sandbox: 'whySandbox',
  outOfMemory: 'whyOutOfMemory',
  crash: 'whyCrash',
  liveness: 'whyLiveness',
  startup: 'whyStartup',
  readiness: 'whyReadiness',
  init: 'whyInit',
  evicted: 'whyEvicted',
  terminating: 'whyTerminating',
  starting: 'whyStarting',
  finished: 'whyFinished',
  failed: 'whyFailed',
  running: 'whyRunning',
};

/** A finding as one sentence. */
export const findingText = ({ code, values }: Finding, t: Translate): string => t(keys[code], values);
