import { InvalidGrantError, InvalidRequestError } from '../../../errors.js'
import type { Grant } from './grant.js'

/**
 * The grants of user flows. No code and no refresh token has been issued by anyone here, so every one that is
 * presented is unknown (RFC 6749 §5.2).
 */
function unissued(grantType: Grant['grantType'], credential: 'code' | 'refresh_token'): Grant {
  return {
    grantType,
    publicClients: true,
    async handle({ parameters }) {
      if (!parameters.get(credential)) {
        throw new InvalidRequestError(`The ${credential} parameter is missing.`, { detail: `no_${credential}` })
      }
      throw new InvalidGrantError(`The ${credential} is not valid.`, { detail: `unknown_${credential}` })
    },
  }
}

/** RFC 6749 §4.1.3. */
export const authorizationCodeGrant: Grant = unissued('authorization_code', 'code')
/** RFC 6749 §6. */
export const refreshTokenGrant: Grant = unissued('refresh_token', 'refresh_token')
