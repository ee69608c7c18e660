import type { Secret } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { secretFromEdit, secretToEdit } from './secret-text.js';

const secret: Secret = {
  metadata: { name: 's' },
  data: {
    password: Buffer.from('거북선\n').toString('base64'),
    key: Buffer.from([0, 255, 1]).toString('base64'),
    empty: '',
  },
};

describe('G24 secrets are edited as plain text', () => {
  it('shows text as text and leaves bytes alone', () => {
    expect(secretToEdit(secret)).toEqual({
      metadata: { name: 's' },
      data: { key: 'AP8B' },
      stringData: { password: '거북선\n', empty: '' },
    });
  });

  it('comes back byte for byte', () => expect(secretFromEdit(secretToEdit(secret))).toEqual(secret));

  it('takes out what was taken out', () => {
    const { stringData: _, ...rest } = secretToEdit(secret);
    expect(secretFromEdit(rest)).toEqual({ metadata: { name: 's' }, data: { key: 'AP8B' } });
  });
});
