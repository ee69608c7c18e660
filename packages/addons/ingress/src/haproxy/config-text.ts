/** One word of the configuration, whatever is in it but line ends, which `safe-text` has refused. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A log-format string that says exactly this. */
export const literal = (text: string): string => quoted(text.replaceAll('%', '%%'));

/** For comparisons by the converter `hex`: no character of a user's text is ever parsed as configuration. */
export const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase();

/** A regular expression that matches this text. */
export const hexPattern = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

export const section = (title: string, lines: readonly string[]): string =>
  `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
