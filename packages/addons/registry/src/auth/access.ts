/**
 * What a request wants to do with a repository. `login` is the question at `/v2/`: clients send their password only where
 * that one is refused without.
 */
export type RegistryVerb = 'login' | 'get' | 'update' | 'delete';

export interface Access {
  /**
   * @param authorization the header, if there is one.
   * @throws {RegistryError} UNAUTHORIZED: who is it; DENIED: that one may not.
   */
  check(authorization: string | undefined, verb: RegistryVerb, repository: string): Promise<void>;
}
