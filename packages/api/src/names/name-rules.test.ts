import { describe, expect, it } from 'vitest';
import { generateName, nameSuffixAlphabet } from './generate-name.js';
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  pathSegmentName,
  qualifiedName,
  wildcardDns1123Subdomain,
} from './name-rules.js';

const label = 'a'.repeat(63);

describe('names', () => {
  it.each([
    [dns1123Label, 'web-1', true],
    [dns1123Label, '1', true],
    [dns1123Label, label, true],
    [dns1123Label, `${label}a`, false],
    [dns1123Label, 'Web', false],
    [dns1123Label, 'a.b', false],
    [dns1123Label, '-a', false],
    [dns1123Label, '', false],
    [dns1123Subdomain, 'a.b-c.d', true],
    [dns1123Subdomain, 'a..b', false],
    [dns1035Label, '1a', false],
    [dns1035Label, 'a1', true],
    [labelValue, '', true],
    [labelValue, 'A_b.c-1', true],
    [labelValue, 'a b', false],
    [labelValue, '-a', false],
    [qualifiedName, 'app', true],
    [qualifiedName, 'example.com/app', true],
    [qualifiedName, 'a/b/c', false],
    [qualifiedName, '/b', false],
    [qualifiedName, 'a/', false],
    [wildcardDns1123Subdomain, '*.example.com', true],
    [wildcardDns1123Subdomain, '*example.com', false],
    [pathSegmentName, 'system:node', true],
    [pathSegmentName, 'a/b', false],
    [pathSegmentName, '..', false],
    [dns1123Label, 'a\n', false],
  ] as const)('%# %s %s', (rule, name, good) => {
    expect(rule(name).length === 0).toBe(good);
  });

  it('says what Kubernetes says', () => {
    expect(dns1123Label('A')).toEqual([
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    expect(dns1123Subdomain('A')).toEqual([
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ]);
    expect(qualifiedName('/')).toEqual([
      'prefix part must be non-empty',
      'name part must be non-empty',
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ]);
  });

  it('makes names of the prefix, cut at 58, and five letters', () => {
    expect(generateName('web-', () => 0)).toBe('web-bbbbb');
    const made = generateName('x'.repeat(80), Math.random);
    expect(made).toHaveLength(63);
    expect([...made.slice(58)].every((letter) => nameSuffixAlphabet.includes(letter))).toBe(true);
  });
});
