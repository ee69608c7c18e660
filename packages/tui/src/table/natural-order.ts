/**
 * A key whose plain order is the order people expect: `web-2` before `web-10`, capitals beside small letters.
 * Made once for each row, so that sorting ten thousand of them is comparing strings.
 */
export function naturalKey(text: string): string {
  const lower = text.toLowerCase();
  return /\d/.test(lower) ? lower.replace(/\d+/g, (digits) => digits.padStart(12, '0')) : lower;
}
