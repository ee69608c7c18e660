/** One OpenID Connect issuer, as the `--oidc-…` flags name it. */
export interface OidcFlags {
  readonly issuerUrl: string;
  readonly clientId: string;
  /** Absent: `sub`. */
  readonly usernameClaim?: string | undefined;
  /** Absent: the issuer and `#`, except for the claim `email`; `-`: none. */
  readonly usernamePrefix?: string | undefined;
  readonly groupsClaim?: string | undefined;
  readonly groupsPrefix?: string | undefined;
  /** `key=value` pairs that a token must hold. */
  readonly requiredClaims?: Readonly<Record<string, string>> | undefined;
  /** PEM file; absent: the system's CAs. */
  readonly caFile?: string | undefined;
  /** Absent: RS256. */
  readonly signingAlgs?: readonly string[] | undefined;
}
