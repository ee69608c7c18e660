import { ApiError } from '@geobuk/api';
import type { LogOptions } from './container-log.js';
import type { WantedStreams } from './remote-session.js';

const flag = (query: URLSearchParams, ...names: readonly string[]): boolean =>
  names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''));

/** The kubelet's names and those of the pod's subresource. @throws {ApiError} BadRequest, no stream at all. */
export function wantedStreams(query: URLSearchParams): WantedStreams {
  const tty = flag(query, 'tty');
  const wanted = {
    stdin: flag(query, 'input', 'stdin'),
    stdout: flag(query, 'output', 'stdout'),
    stderr: flag(query, 'error', 'stderr') && !tty,
    tty,
  };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) {
    throw ApiError.badRequest('you must specify at least 1 of stdin, stdout, stderr');
  }
  return wanted;
}

export interface LogRequest {
  readonly options: LogOptions;
  readonly previous: boolean;
}

/** Follows: PodLogOptions. @throws {ApiError} BadRequest. */
export function logRequest(query: URLSearchParams, now: number): LogRequest {
  const number = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw ApiError.badRequest(`${name}: Invalid value: ${JSON.stringify(text)}`);
    return value;
  };
  const seconds = number('sinceSeconds', 1);
  const time = query.get('sinceTime');
  const since = time === null || time === '' ? undefined : Date.parse(time);
  if (Number.isNaN(since)) throw ApiError.badRequest(`sinceTime: Invalid value: ${JSON.stringify(time)}`);
  if (seconds !== undefined && since !== undefined) {
    throw ApiError.badRequest('at most one of `sinceTime` or `sinceSeconds` may be specified');
  }
  const stream = query.get('stream') ?? 'All';
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') {
    throw ApiError.badRequest(`stream: Unsupported value: ${JSON.stringify(stream)}`);
  }
  return {
    previous: flag(query, 'previous'),
    options: {
      follow: flag(query, 'follow'),
      timestamps: flag(query, 'timestamps'),
      tailLines: number('tailLines', 0),
      sinceMs: seconds === undefined ? since : now - seconds * 1000,
      limitBytes: number('limitBytes', 1),
      stream,
    },
  };
}
