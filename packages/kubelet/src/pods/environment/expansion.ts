/**
 * Puts variables into `$(NAME)`; `$$` is a dollar, and what is not known stays as it was written.
 * Follows: third_party/forked/golang/expansion.
 */
export function expand(text: string, valueOf: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (written, name: string | undefined) => {
    if (name === undefined) return '$';
    return valueOf(name) ?? written;
  });
}
