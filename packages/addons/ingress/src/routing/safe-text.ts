/**
 * What may stand in the proxy's configuration. Everything that a user writes goes through one of these, each of which
 * gives undefined for what is not allowed; nothing else is ever written there.
 */

const headerName = /^[A-Za-z0-9._-]{1,256}$/;
const maxValueLength = 4_096;
const control = /[\x00-\x1f\x7f]/;

export const safeHeaderName = (name: string): string | undefined => (headerName.test(name) ? name : undefined);

/** Any text of one line. */
export const safeValue = (value: string): string | undefined =>
  value.length <= maxValueLength && !control.test(value) ? value : undefined;

/**
 * A path as requests carry it: what has to be percent-encoded is, what is encoded already stays. Control characters and
 * what does not begin with a slash are refused: no request can have them.
 */
export function safePath(path: string): string | undefined {
  if (!path.startsWith('/') || path.length > maxValueLength || control.test(path)) return undefined;
  try {
    return path
      .replace(/%(?![0-9A-Fa-f]{2})/g, '%25')
      .replace(/[^A-Za-z0-9/._~!$&()*+,;=:@%-]/gu, (char) =>
        [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
      );
  } catch {
    return undefined;
  }
}

const maxPatternLength = 512;
/**
 * What the proxy's engine and JavaScript do not read alike, or what may run for ever: look-around, names, flags, back
 * references, classes of POSIX, empty classes, escapes other than these.
 */
const foreign =
  /\(\?(?!:)|\\[^dDwWsSbBtnr.*+?^$(){}|[\]\\/-]|\[\^?\]|\[[:.=]|[*+?}][*+]|\(\*|\([^()]*[*+][^()]*\)[*+{]/;

/** A regular expression in the language that RE2, PCRE and JavaScript share. */
export function safePattern(pattern: string): string | undefined {
  if (pattern === '' || pattern.length > maxPatternLength || control.test(pattern) || foreign.test(pattern))
    return undefined;
  if (/\{(\d*),?(\d*)\}/.test(pattern) && [...pattern.matchAll(/\{(\d*),?(\d*)\}/g)].some(tooMany)) return undefined;
  try {
    new RegExp(pattern);
    return pattern;
  } catch {
    return undefined;
  }
}

const tooMany = ([, low = '', high = '']: RegExpMatchArray): boolean => Math.max(Number(low), Number(high)) > 1_000;
