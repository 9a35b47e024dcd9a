import type { TokenEndpointDetail } from '../../details.js'
import { InvalidGrantError } from '../../errors.js'

/** One text for every reason: what is wrong with a code or a refresh token is for events alone. */
export function invalidGrant(detail: TokenEndpointDetail): InvalidGrantError {
  return new InvalidGrantError('The authorization grant is not valid.', { detail })
}
