import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ApiServerOptions } from '@geobuk/control-plane';
import { CliError } from './cli-error.js';
import { parseCount, parseNames } from './flags.js';

/** The flags of kube-apiserver that there are here too, under its names. */
export interface ApiServerFlags {
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
  readonly auditLogMaxage?: string;
  readonly auditLogMaxbackup?: string;
  readonly auditLogMaxsize?: string;
  readonly auditLogCompress?: boolean;
  readonly auditWebhookConfigFile?: string;
  readonly maxRequestsInflight?: string;
  readonly maxMutatingRequestsInflight?: string;
  readonly oidcIssuerUrl?: string;
  readonly oidcClientId?: string;
  readonly oidcUsernameClaim?: string;
  readonly oidcUsernamePrefix?: string;
  readonly oidcGroupsClaim?: string;
  readonly oidcGroupsPrefix?: string;
  readonly oidcRequiredClaim?: readonly string[];
  readonly oidcCaFile?: string;
  readonly oidcSigningAlgs?: string;
  readonly authenticationConfig?: string;
  readonly authenticationTokenWebhookConfigFile?: string;
  readonly admissionControlConfigFile?: string;
}

interface Flag {
  readonly key: keyof ApiServerFlags;
  /** As commander reads it. */
  readonly form: string;
  readonly does: string;
  readonly isFile?: true;
}

const flags: readonly Flag[] = [
  { key: 'auditPolicyFile', form: '--audit-policy-file <file>', does: 'what the audit log tells', isFile: true },
  { key: 'auditLogPath', form: '--audit-log-path <file>', does: 'the audit log; - for standard output', isFile: true },
  { key: 'auditLogMaxage', form: '--audit-log-maxage <days>', does: 'when an old audit log goes; 0: never' },
  { key: 'auditLogMaxbackup', form: '--audit-log-maxbackup <count>', does: 'how many old audit logs stay; 0: all' },
  { key: 'auditLogMaxsize', form: '--audit-log-maxsize <MiB>', does: 'size at which a new audit log begins; 100' },
  { key: 'auditLogCompress', form: '--audit-log-compress', does: 'gzip old audit logs' },
  {
    key: 'auditWebhookConfigFile',
    form: '--audit-webhook-config-file <file>',
    does: 'kubeconfig of a server that audit events are sent to',
    isFile: true,
  },
  {
    key: 'maxRequestsInflight',
    form: '--max-requests-inflight <count>',
    does: 'reading requests served at once; 400. With the next: what priority levels share',
  },
  {
    key: 'maxMutatingRequestsInflight',
    form: '--max-mutating-requests-inflight <count>',
    does: 'writing requests served at once; 200',
  },
  { key: 'oidcIssuerUrl', form: '--oidc-issuer-url <url>', does: 'an OpenID Connect issuer whose tokens are believed' },
  { key: 'oidcClientId', form: '--oidc-client-id <id>', does: 'the audience that such tokens must have' },
  { key: 'oidcUsernameClaim', form: '--oidc-username-claim <claim>', does: 'claim that names the user; sub' },
  { key: 'oidcUsernamePrefix', form: '--oidc-username-prefix <text>', does: 'put before user names; - for nothing' },
  { key: 'oidcGroupsClaim', form: '--oidc-groups-claim <claim>', does: 'claim that names the groups' },
  { key: 'oidcGroupsPrefix', form: '--oidc-groups-prefix <text>', does: 'put before groups' },
  {
    key: 'oidcRequiredClaim',
    form: '--oidc-required-claim <key=value...>',
    does: 'claims that tokens must hold; may be given again',
  },
  {
    key: 'oidcCaFile',
    form: '--oidc-ca-file <file>',
    does: "CA of the issuer; the system's unless said",
    isFile: true,
  },
  { key: 'oidcSigningAlgs', form: '--oidc-signing-algs <names>', does: 'comma-separated; RS256' },
  {
    key: 'authenticationConfig',
    form: '--authentication-config <file>',
    does: 'AuthenticationConfiguration: issuers and anonymous access, read again when it changes',
    isFile: true,
  },
  {
    key: 'authenticationTokenWebhookConfigFile',
    form: '--authentication-token-webhook-config-file <file>',
    does: 'kubeconfig of a server that knows further tokens',
    isFile: true,
  },
  {
    key: 'admissionControlConfigFile',
    form: '--admission-control-config-file <file>',
    does: 'AdmissionConfiguration: defaults and exemptions of PodSecurity',
    isFile: true,
  },
];

/** Adds the flags to a command. */
export function addApiServerFlags(command: Command): Command {
  return flags.reduce((all, { form, does }) => all.option(form, does), command);
}

/** The same flags for a process of our own, with files under absolute paths. */
export function apiServerArgs(given: ApiServerFlags): readonly string[] {
  return flags.flatMap(({ key, form, isFile }) => {
    const name = form.split(' ', 1)[0] ?? '';
    const value = given[key];
    if (value === undefined || value === false) return [];
    if (value === true) return [name];
    const values = typeof value === 'string' ? [value] : value;
    return values.flatMap((one) => [name, isFile === true && one !== '-' ? resolve(one) : one]);
  });
}

/** What the flags ask of the API server; undefined where they ask for nothing. @throws {CliError} usage. */
export function apiServerOptions(given: ApiServerFlags): ApiServerOptions | undefined {
  if (flags.every(({ key }) => given[key] === undefined)) return undefined;
  const audit = auditOptions(given);
  const oidc = oidcOptions(given);
  const count = (key: 'maxRequestsInflight' | 'maxMutatingRequestsInflight', name: string) =>
    given[key] === undefined ? {} : { [key]: parseCount(given[key], name, 0, 1_000_000) };
  if (oidc !== undefined && given.authenticationConfig !== undefined)
    throw new CliError('--authentication-config and --oidc-issuer-url: use one of them', 2);
  return {
    ...(audit === undefined ? {} : { audit }),
    ...(oidc === undefined ? {} : { oidc }),
    ...count('maxRequestsInflight', '--max-requests-inflight'),
    ...count('maxMutatingRequestsInflight', '--max-mutating-requests-inflight'),
    ...(given.authenticationConfig === undefined
      ? {}
      : { authenticationConfigFile: resolve(given.authenticationConfig) }),
    ...(given.authenticationTokenWebhookConfigFile === undefined
      ? {}
      : { authenticationWebhookConfigFile: resolve(given.authenticationTokenWebhookConfigFile) }),
    ...(given.admissionControlConfigFile === undefined
      ? {}
      : { admissionConfigFile: resolve(given.admissionControlConfigFile) }),
  };
}

function auditOptions(given: ApiServerFlags): ApiServerOptions['audit'] {
  const { auditPolicyFile, auditLogPath, auditWebhookConfigFile } = given;
  if (auditPolicyFile === undefined) {
    if (auditLogPath === undefined && auditWebhookConfigFile === undefined) return undefined;
    throw new CliError('--audit-log-path needs --audit-policy-file, which says what is written', 2);
  }
  if (auditLogPath === undefined && auditWebhookConfigFile === undefined)
    throw new CliError('--audit-policy-file needs --audit-log-path or --audit-webhook-config-file', 2);
  const number = (text: string | undefined, name: string, absent: number) =>
    text === undefined ? absent : parseCount(text, name, 0, 1_000_000);
  return {
    policyFile: resolve(auditPolicyFile),
    ...(auditLogPath === undefined
      ? {}
      : {
          log: {
            path: auditLogPath === '-' ? '-' : resolve(auditLogPath),
            maxAgeDays: number(given.auditLogMaxage, '--audit-log-maxage', 0),
            maxBackups: number(given.auditLogMaxbackup, '--audit-log-maxbackup', 0),
            maxSizeMiB: number(given.auditLogMaxsize, '--audit-log-maxsize', 0) || 100,
            compress: given.auditLogCompress === true,
          },
        }),
    ...(auditWebhookConfigFile === undefined ? {} : { webhookConfigFile: resolve(auditWebhookConfigFile) }),
  };
}

function oidcOptions(given: ApiServerFlags): ApiServerOptions['oidc'] {
  const { oidcIssuerUrl, oidcClientId } = given;
  if (oidcIssuerUrl === undefined) return undefined;
  if (oidcClientId === undefined) throw new CliError('--oidc-issuer-url needs --oidc-client-id', 2);
  const requiredClaims = (given.oidcRequiredClaim ?? []).map((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new CliError(`--oidc-required-claim ${pair}: use key=value`, 2);
    return [pair.slice(0, equals), pair.slice(equals + 1)] as const;
  });
  return {
    issuerUrl: oidcIssuerUrl,
    clientId: oidcClientId,
    usernameClaim: given.oidcUsernameClaim,
    usernamePrefix: given.oidcUsernamePrefix,
    groupsClaim: given.oidcGroupsClaim,
    groupsPrefix: given.oidcGroupsPrefix,
    requiredClaims: Object.fromEntries(requiredClaims),
    ...(given.oidcCaFile === undefined ? {} : { caFile: resolve(given.oidcCaFile) }),
    ...(given.oidcSigningAlgs === undefined ? {} : { signingAlgs: parseNames(given.oidcSigningAlgs) }),
  };
}
