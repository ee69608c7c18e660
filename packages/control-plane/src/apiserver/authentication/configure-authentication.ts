import type { Logger } from 'pino';
import type { ApiServerOptions } from '../options.js';
import { oidcIssuer, plainAuthentication, readAuthenticationConfig } from './authentication-config.js';
import { followAuthenticationConfig } from './authentication-file.js';
import type { Authenticator } from './authenticator.js';
import { openTokenWebhook } from './token-webhook.js';
import type { TokenWebhook } from './token-webhook.js';

export interface ConfigureAuthenticationDeps {
  readonly config: { readonly apiServer?: ApiServerOptions | undefined };
  readonly log: Logger;
  now(): number;
}

/** Tells the authenticator of the issuers and servers that the options name. @throws {ConfigError} a file is at fault. */
export async function configureAuthentication(
  authenticator: Authenticator,
  { config, log, now }: ConfigureAuthenticationDeps,
  signal: AbortSignal,
): Promise<TokenWebhook | undefined> {
  const { oidc, authenticationConfigFile: file, authenticationWebhookConfigFile } = config.apiServer ?? {};
  if (oidc !== undefined) authenticator.configure({ ...plainAuthentication, issuers: [oidcIssuer(oidc)] });
  if (file !== undefined) {
    authenticator.configure(readAuthenticationConfig(file));
    followAuthenticationConfig(file, (read) => authenticator.configure(read), { log, signal });
  }
  if (authenticationWebhookConfigFile === undefined) return undefined;
  const webhook = await openTokenWebhook(authenticationWebhookConfigFile, now);
  authenticator.askAlso(webhook);
  return webhook;
}
