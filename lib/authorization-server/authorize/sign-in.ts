import type { Clock } from '../../clock.js'
import { epochSeconds } from '../../clock.js'
import type { AuthorizationRequestRecord } from '../../store/user-records.js'
import type { CheckedUser } from '../users/users.js'

/** How often a browser is sent to sign in for one request: a sign-in that never comes to anything would go round for ever. */
export const MAX_SIGN_INS = 5

/** What of a request decides whether its user has to sign in. */
export type SignInDemand = Pick<AuthorizationRequestRecord, 'prompt' | 'max_age' | 'sign_ins' | 'createdAt'>

/**
 * Has the user yet to sign in for this request (OpenID Connect Core §3.1.2.1)? `prompt=login` and `max_age=0` demand a
 * sign-in that is later than the request, `prompt=select_account` one visit to the host's page, `max_age` a sign-in that is
 * not older. Where nobody knows when the user signed in, coming back signed in counts.
 */
export function needsSignIn(
  { prompt, max_age: maxAge, sign_ins: signIns = 0, createdAt }: SignInDemand,
  user: CheckedUser | undefined,
  clock: Clock,
): boolean {
  if (user === undefined) return true
  const { authTime } = user
  const wasSent = signIns > 0
  const isLater = authTime !== undefined && authTime >= Math.floor(createdAt.getTime() / 1000)
  if (prompt.includes('select_account') && !wasSent) return true
  if (prompt.includes('login') || maxAge === 0) return !wasSent || !(isLater || authTime === undefined)
  if (maxAge === undefined || isLater) return false
  return authTime === undefined ? !wasSent : epochSeconds(clock) - authTime > maxAge
}
