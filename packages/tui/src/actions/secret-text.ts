import type { Secret } from '@geobuk/api';

const textOf = (base64: string): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
};

/** A secret as people edit it: values that are text stand under `stringData` in plain words, others stay as they are. */
export function secretToEdit(secret: Secret): Secret {
  const data: Record<string, string> = {};
  const stringData: Record<string, string> = {};
  for (const [name, value] of Object.entries(secret.data ?? {})) {
    const text = textOf(value);
    if (text === undefined) data[name] = value;
    else stringData[name] = text;
  }
  const { data: _, ...rest } = secret;
  return {
    ...rest,
    ...(Object.keys(data).length === 0 ? {} : { data }),
    ...(Object.keys(stringData).length === 0 ? {} : { stringData }),
  };
}

/** The edited form as the API stores it. What was taken out of `stringData` is gone from the secret. */
export function secretFromEdit(edited: Secret): Secret {
  const { stringData = {}, data = {}, ...rest } = edited;
  const encoded = Object.entries(stringData).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
  return { ...rest, data: { ...data, ...(Object.fromEntries(encoded) as Record<string, string>) } };
}
