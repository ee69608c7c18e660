/**
 * The rules for names in Kubernetes. Each gives what is wrong with a name, in the words users know; none means fine.
 * Follows: k8s.io/apimachinery/pkg/util/validation.
 */
export type NameRule = (name: string) => readonly string[];

const dns1123LabelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dns1123SubdomainPattern = `${dns1123LabelPattern}(\\.${dns1123LabelPattern})*`;
const dns1035LabelPattern = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValuePattern = `(${qualifiedPattern})?`;

/** The text for a name longer than it may be: names have characters, labels bytes. */
export const tooLongText = (max: number, unit: 'characters' | 'bytes' = 'characters'): string =>
  `must be no more than ${max} ${unit}`;

/** What a regular expression wants, with examples, as Kubernetes words it. */
export function patternText(what: string, pattern: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${what} (regex used for validation is '${pattern}')`;
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return `${what} (e.g. ${list}regex used for validation is '${pattern}')`;
}

const byteLength = (text: string): number => Buffer.byteLength(text);

/** A rule of a regular expression (whole name) and, where given, a limit in bytes. */
export function patternRule(
  pattern: string,
  text: string,
  limits: { readonly maxBytes?: number; readonly unit?: 'bytes' } = {},
): NameRule {
  const whole = new RegExp(`^(?:${pattern})$`);
  return (name) => {
    const problems: string[] = [];
    if (limits.maxBytes !== undefined && byteLength(name) > limits.maxBytes)
      problems.push(tooLongText(limits.maxBytes, limits.unit));
    // The pattern is only tried on names of a sane length, so that its cost stays bounded.
    if (name.length > 4096 || !whole.test(name)) problems.push(text);
    return problems;
  };
}

export const dns1123Label = patternRule(
  dns1123LabelPattern,
  patternText(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    dns1123LabelPattern,
    'my-name',
    '123-abc',
  ),
  { maxBytes: 63 },
);

export const dns1123Subdomain = patternRule(
  dns1123SubdomainPattern,
  patternText(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    dns1123SubdomainPattern,
    'example.com',
  ),
  { maxBytes: 253 },
);

export const dns1035Label = patternRule(
  dns1035LabelPattern,
  patternText(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    dns1035LabelPattern,
    'my-name',
    'abc-123',
  ),
  { maxBytes: 63 },
);

export const wildcardDns1123Subdomain = patternRule(
  `\\*\\.${dns1123SubdomainPattern}`,
  patternText(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    `\\*\\.${dns1123SubdomainPattern}`,
    '*.example.com',
  ),
  { maxBytes: 253 },
);

export const labelValue = patternRule(
  labelValuePattern,
  patternText(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    labelValuePattern,
    'MyValue',
    'my_value',
    '12345',
  ),
  { maxBytes: 63, unit: 'bytes' },
);

const qualifiedText = patternText(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedPattern,
  'MyName',
  'my.name',
  '123-abc',
);
const qualifiedPart = new RegExp(`^${qualifiedPattern}$`);

/** Keys of labels, annotations and finalizers: `[prefix/]name`. */
export const qualifiedName: NameRule = (text) => {
  const parts = text.split('/');
  if (parts.length > 2) {
    return [
      `a qualified name ${qualifiedText} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const problems: string[] = [];
  const name = parts[parts.length - 1] ?? '';
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') problems.push('prefix part must be non-empty');
    else problems.push(...dns1123Subdomain(prefix).map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (byteLength(name) > 63) problems.push(`name part ${tooLongText(63, 'bytes')}`);
  if (name.length > 4096 || !qualifiedPart.test(name)) problems.push(`name part ${qualifiedText}`);
  return problems;
};

/** Names that may stand as one segment of a path; RBAC objects use it. */
export const pathSegmentName: NameRule = (name) => {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
};
