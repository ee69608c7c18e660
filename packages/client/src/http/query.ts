/** `?a=b&c=d` of what is there, or nothing. A list repeats its name. */
export function queryOf(parameters: Readonly<Record<string, QueryValue>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const each of typeof value === 'object' ? value : [value]) query.append(name, String(each));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

export type QueryValue = string | number | boolean | readonly string[] | undefined;
