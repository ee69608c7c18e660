import type { Addon } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { columns } from '../columns.js';
import { addonCells, addonRow, addonTitles } from './addon-table.js';

const addon = (name: string, spec: Partial<Addon['spec']>, status?: Addon['status']): Addon => ({
  apiVersion: 'addons.geobuk.dev/v1alpha1',
  kind: 'Addon',
  metadata: { name },
  spec: { enabled: true, ...spec },
  status,
});

describe('geobuk addon list (A14)', () => {
  it('shows name, wish, phase, version, update, needs and size of all that is possible', () => {
    const rows = [
      addon(
        'dns',
        {},
        {
          phase: 'Ready',
          installedVersion: '1.0.0',
          availableVersion: '1.1.0',
          requires: ['service-proxy'],
          description: 'Names.',
          size: { packageBytes: 2_000_000, imageBytes: 41_000_000, memoryBytes: 60 << 20 },
        },
      ),
      addon('ingress', { enabled: false }, { phase: 'Disabled', availableVersion: '1.0.0', description: 'Roads.' }),
      addon('registry', {}, { phase: 'Failed', lastError: { reason: 'Unhealthy', message: 'port taken', at: '' } }),
      addon('young', {}),
    ].map(addonRow);
    expect(columns(addonTitles, rows.map(addonCells)).split('\n')).toEqual([
      'NAME       WISH   STATE      VERSION   UPDATE   NEEDS           IMAGES   MEMORY   ABOUT',
      'dns        on     Ready      1.0.0     1.1.0    service-proxy   43 MB    60 Mi    Names.',
      'ingress    off    Disabled   -         -        -               -        -        Roads.',
      'registry   on     Failed     -         -        -               -        -        port taken',
      'young      on     Pending    -         -        -               -        -',
    ]);
  });

  it('names no update where the version that is available is an older one', () => {
    const { update } = addonRow(addon('x', {}, { installedVersion: '2.0.0', availableVersion: '1.0.0' }));
    expect(update).toBeUndefined();
  });
});
