/**
 * How well `pattern` is found in `text` as letters in order: the greater the better; undefined: not at all.
 * An exact match beats a prefix, a prefix a word start, and letters side by side beat scattered ones.
 */
export function fuzzyScore(pattern: string, text: string): number | undefined {
  const wanted = pattern.toLowerCase();
  const found = text.toLowerCase();
  if (wanted === '') return 0;
  if (found === wanted) return 10_000;
  if (found.startsWith(wanted)) return 5_000 - found.length;
  const inside = found.indexOf(wanted);
  if (inside >= 0) return (isWordStart(found, inside) ? 3_000 : 2_000) - inside - found.length / 100;
  let score = 0;
  let at = -1;
  for (const letter of wanted) {
    const next = found.indexOf(letter, at + 1);
    if (next < 0) return undefined;
    score += next === at + 1 ? 8 : isWordStart(found, next) ? 6 : 1;
    at = next;
  }
  return score - found.length / 100;
}

const isWordStart = (text: string, index: number): boolean => index === 0 || /[^a-z0-9]/.test(text[index - 1]!);
