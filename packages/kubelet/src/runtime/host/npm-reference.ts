import { createRequire } from 'node:module';
import { RuntimeError } from '../runtime.js';

/** `npm:<package>[@<version or range>]`. */
export interface NpmReference {
  readonly name: string;
  /** undefined: any version that is installed, else the newest. */
  readonly range: string | undefined;
}

const pattern = /^npm:((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?:@([^\s/@:]{1,256}))?$/;

/** @throws {RuntimeError} InvalidImageName. */
export function parseNpmReference(reference: string): NpmReference {
  const match = pattern.exec(reference);
  const range = match?.[2];
  if (match?.[1] === undefined || (range !== undefined && !isRangeOrTag(range))) {
    throw new RuntimeError(
      'InvalidImageName',
      `the host runtime runs npm:<package>[@<version>], which "${reference}" is not`,
    );
  }
  return { name: match[1], range };
}

export const formatNpmReference = (name: string, version: string): string => `npm:${name}@${version}`;

interface Semver {
  satisfies(version: string, range: string): boolean;
  validRange(range: string): string | null;
}
const semver = createRequire(import.meta.url)('semver') as Semver;

/** Tags such as `latest` are words; everything else has to be a range. */
const isRangeOrTag = (text: string): boolean => semver.validRange(text) !== null || /^[a-z][a-z0-9-]*$/i.test(text);

/** A tag is the registry's to resolve, so any installed version will do. */
export const satisfies = (version: string, range: string | undefined): boolean =>
  range === undefined || semver.validRange(range) === null || semver.satisfies(version, range);
