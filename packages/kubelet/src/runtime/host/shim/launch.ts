import type { ShimUser } from './protocol.js';

/**
 * Joins the control groups, takes its OOM score, and becomes the program: `sh` and `setpriv` replace themselves, so
 * nothing stands between shim and container, and the process is inside its limits before its first instruction.
 * $1 number of groups, then the groups, then the OOM score or '', then the program.
 */
const script = `
n=$1; shift
while [ "$n" -gt 0 ]; do echo $$ > "$1/cgroup.procs" || exit 125; shift; n=$((n-1)); done
[ -z "$1" ] || echo "$1" > /proc/self/oom_score_adj 2>/dev/null || :
shift
exec "$@"`;

export interface LaunchSpec {
  readonly argv: readonly string[];
  readonly cgroups: readonly string[];
  readonly oomScoreAdj: number | undefined;
  readonly user: ShimUser | undefined;
  readonly noNewPrivileges: boolean;
}

/** The command line that starts a program under its limits and as its user; arguments are never interpreted. */
export function launchCommand(spec: LaunchSpec): readonly string[] {
  const { user, cgroups, argv } = spec;
  const privileges: string[] = [];
  if (user !== undefined) {
    const groups = user.groups.length > 0 ? `--groups=${user.groups.join(',')}` : '--clear-groups';
    privileges.push(`--reuid=${user.uid}`, `--regid=${user.gid}`, groups);
  }
  if (spec.noNewPrivileges) privileges.push('--no-new-privs');
  const program = privileges.length === 0 ? argv : ['setpriv', ...privileges, '--', ...argv];
  const oomScore = spec.oomScoreAdj === undefined ? '' : String(spec.oomScoreAdj);
  return ['/bin/sh', '-c', script, 'sh', String(cgroups.length), ...cgroups, oomScore, ...program];
}

/** Rebuilds the arguments from the environment, since `script` takes a command line only. No argument is interpreted. */
const ttyScript =
  'i=0; set --; while [ "$i" -lt "$GEOBUK_ARGC" ]; do eval "set -- \\"\\$@\\" \\"\\$GEOBUK_ARG_$i\\""; unset "GEOBUK_ARG_$i"; i=$((i+1)); done; unset GEOBUK_ARGC i; exec "$@"';

/** The same under a terminal of its own, by `script` of util-linux. */
export function ttyCommand(argv: readonly string[]): {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  const env: Record<string, string> = { GEOBUK_ARGC: String(argv.length), SHELL: '/bin/sh' };
  argv.forEach((arg, index) => (env[`GEOBUK_ARG_${index}`] = arg));
  return { argv: ['script', '--quiet', '--return', '--command', ttyScript, '/dev/null'], env };
}
