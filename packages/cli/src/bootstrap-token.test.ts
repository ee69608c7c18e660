import { describe, expect, it } from 'vitest';
import { bootstrapTokenSecret, formatBootstrapToken, newBootstrapToken, parseDuration } from './bootstrap-token.js';

describe('bootstrap tokens', () => {
  it('have the form that kubeadm and the API server expect', () => {
    expect(formatBootstrapToken(newBootstrapToken())).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  });

  it('are stored with their end in RFC 3339', () => {
    const secret = bootstrapTokenSecret(
      { id: 'abcdef', secret: '0123456789abcdef' },
      Date.UTC(2030, 0, 2, 3, 4, 5),
      'a node',
    );
    expect(secret.metadata.name).toBe('bootstrap-token-abcdef');
    expect(Buffer.from(secret.data?.['expiration'] ?? '', 'base64').toString()).toBe('2030-01-02T03:04:05Z');
  });
});

describe('parseDuration', () => {
  it.each([
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['45m', 2_700_000],
    ['90s', 90_000],
    ['0', 0],
    ['', undefined],
    ['1d', undefined],
    ['-1h', undefined],
    ['h', undefined],
  ])('%s is %s ms', (text, expected) => expect(parseDuration(text)).toBe(expected));
});
