import { isIP, isIPv4, isIPv6 } from 'node:net';

const matches =
  (pattern: RegExp) =>
  (text: string): boolean =>
    pattern.test(text);

const uuid = matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i);

function isCidr(text: string): boolean {
  const [ip = '', length = ''] = text.split('/', 2);
  if (text.split('/').length !== 2 || !/^\d{1,3}$/.test(length)) return false;
  return (isIPv4(ip) && Number(length) <= 32) || (isIPv6(ip) && Number(length) <= 128);
}

const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const isDateTime = (text: string): boolean => dateTime.test(text) && !Number.isNaN(Date.parse(text));

/** Formats of strings that are checked; others are comments, as Kubernetes takes them. */
const formats: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['date', (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))],
  ['date-time', isDateTime],
  ['datetime', isDateTime],
  [
    'duration',
    matches(/^[+-]?(\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h|d|w|nano|micro|milli|second|minute|hour|day|week)s?\s*)+$/),
  ],
  ['uri', (text: string) => URL.canParse(text)],
  ['email', matches(/^[^@\s]+@[^@\s]+$/)],
  [
    'hostname',
    matches(
      /^(?=.{1,253}$)[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*$/,
    ),
  ],
  ['ip', (text: string) => isIP(text) !== 0],
  ['ipv4', isIPv4],
  ['ipv6', isIPv6],
  ['cidr', isCidr],
  ['mac', matches(/^([0-9A-Fa-f]{2}[:-]){5}([0-9A-Fa-f]{2}[:-]?){1}$/)],
  ['uuid', uuid],
  ['uuid3', uuid],
  ['uuid4', uuid],
  ['uuid5', uuid],
  ['byte', matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)],
  ['hexcolor', matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ['bsonobjectid', matches(/^[0-9a-fA-F]{24}$/)],
]);

export const fitsFormat = (text: string, format: string): boolean => formats.get(format)?.(text) ?? true;
