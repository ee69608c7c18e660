import { readFile } from 'node:fs/promises';
import type { KubernetesObject } from '@geobuk/api';
import { CliError } from '../../cli-error.js';
import { parseCustomColumns, printCustomColumns, readCustomColumns } from './custom-columns.js';
import { jsonText, listOf, shownObject, yamlText } from './documents.js';
import { compileJsonPathTemplate } from './json-path-template.js';

/** Turns objects into text; `single` tells one object by name from a list that happens to have one. */
export type ObjectPrinter = (objects: readonly NamedObjectOutput[], single: boolean) => string;

export interface NamedObjectOutput {
  readonly object: KubernetesObject;
  /** Such as `pod/web`. */
  readonly shownName: string;
}

export interface OutputOptions {
  readonly showManagedFields: boolean;
  readonly headers: boolean;
}

/** The printer of `-o`; undefined for tables. @throws {CliError} usage: an unknown format. */
export async function objectPrinter(
  output: string | undefined,
  options: OutputOptions,
): Promise<ObjectPrinter | undefined> {
  if (output === undefined || output === '' || output === 'wide') return undefined;
  const equals = output.indexOf('=');
  const [format, argument] = equals < 0 ? [output, ''] : [output.slice(0, equals), output.slice(equals + 1)];
  const shown = ({ object }: NamedObjectOutput): unknown => shownObject(object, options.showManagedFields);
  const whole = (objects: readonly NamedObjectOutput[], single: boolean): unknown =>
    single && objects.length === 1 ? shown(objects[0] as NamedObjectOutput) : listOf(objects.map(shown));
  switch (format) {
    case 'json':
      return (objects, single) => jsonText(whole(objects, single));
    case 'yaml':
      return (objects, single) => yamlText(whole(objects, single));
    case 'name':
      return (objects) => objects.map(({ shownName }) => `${shownName}\n`).join('');
    case 'jsonpath':
    case 'jsonpath-file': {
      const template = compileJsonPathTemplate(format === 'jsonpath' ? argument : await readFile(argument, 'utf8'));
      return (objects, single) => template(whole(objects, single));
    }
    case 'custom-columns':
    case 'custom-columns-file': {
      const columns = format === 'custom-columns' ? parseCustomColumns(argument) : await readCustomColumns(argument);
      const plain = (objects: readonly NamedObjectOutput[]): readonly KubernetesObject[] =>
        objects.map(({ object }) => object);
      return (objects) => printCustomColumns(columns, plain(objects), options.headers);
    }
    default:
      throw new CliError(
        `unable to match a printer suitable for the output format "${output}", allowed formats are: custom-columns,custom-columns-file,json,jsonpath,jsonpath-file,name,wide,yaml`,
        2,
      );
  }
}
