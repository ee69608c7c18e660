/** Letters that cannot make a bad word and are not mistaken for one another. */
export const nameSuffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

const maxBaseLength = 58;
const suffixLength = 5;

/** `length` random letters; `random` gives numbers in [0, 1). */
export function randomNameSuffix(random: () => number, length: number = suffixLength): string {
  let suffix = '';
  for (let i = 0; i < length; i++) {
    suffix += nameSuffixAlphabet.charAt(Math.floor(random() * nameSuffixAlphabet.length));
  }
  return suffix;
}

/**
 * A name that starts with `prefix`, cut so that the whole stays within 63 characters.
 * Follows: names.SimpleNameGenerator.
 */
export const generateName = (prefix: string, random: () => number): string =>
  prefix.slice(0, maxBaseLength) + randomNameSuffix(random);
