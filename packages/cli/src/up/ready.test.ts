import type { Addon, Node } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { waitingFor } from './ready.js';

const node = (name: string, ready: string, message?: string): Node => ({
  metadata: { name },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: ready, message }] },
});
const addon = (name: string, enabled: boolean, phase?: 'Ready' | 'Installing'): Addon => ({
  metadata: { name },
  spec: { enabled },
  ...(phase === undefined ? {} : { status: { phase } }),
});

describe('waitingFor', () => {
  it.each<[string, readonly Node[], readonly Addon[], readonly string[]]>([
    ['nothing there yet', [], [], ['node a to register', 'the addons to be listed']],
    [
      'a node not ready says why',
      [node('a', 'False', 'no network')],
      [addon('dns', false)],
      ['node a to be Ready (no network)'],
    ],
    ['an enabled addon', [node('a', 'True')], [addon('dns', true)], ['addon dns to be Ready (Pending)']],
    [
      'an addon on its way',
      [node('a', 'True')],
      [addon('dns', true, 'Installing')],
      ['addon dns to be Ready (Installing)'],
    ],
    ['a disabled addon holds nobody up', [node('a', 'True')], [addon('dns', false)], []],
    ['all is there', [node('a', 'True')], [addon('dns', true, 'Ready')], []],
  ])('%s', (_title, nodes, addons, expected) => {
    expect(waitingFor(['a'], nodes, addons, true)).toEqual(expected);
  });
});
