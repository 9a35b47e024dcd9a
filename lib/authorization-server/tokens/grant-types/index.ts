import { clientCredentialsGrant } from './client-credentials.js'
import type { Grant } from './grant.js'
import { authorizationCodeGrant, refreshTokenGrant } from './user-flows.js'

/** Every grant of the token endpoint, by its `grant_type`. */
export const GRANTS: ReadonlyMap<string, Grant> = new Map(
  [clientCredentialsGrant, authorizationCodeGrant, refreshTokenGrant].map(grant => [grant.grantType, grant]),
)
