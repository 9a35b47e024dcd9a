import type { Clock } from '../../clock.js'
import { createId } from '../../store/ids.js'
import { type AuthorizationRequestRecord, GRANT_KIND } from '../../store/user-records.js'
import type { Records } from '../context/context.js'
import type { CheckedUser } from '../users/users.js'
import { mint } from '../context/one-way.js'

/** How long a code can be exchanged, in milliseconds (RFC 6749 §4.1.2 recommends ten minutes at most). */
const CODE_LIFETIME = 60_000
/** How long it is kept, so that a replay is seen. */
const CODE_MEMORY = 600_000

/** What the user, or nobody where nobody had to be asked, has let the client have. */
export interface Decision {
  request: AuthorizationRequestRecord
  user: CheckedUser
  /** What is granted, in the order of the request. */
  scope: readonly string[]
  /** Absent: no consent was asked. */
  consentId?: string
}

/**
 * Makes the grant, and the code that it can be had with (RFC 6749 §4.1.2). A grant whose code nobody exchanges ends with it.
 * @throws StoreUnavailableError
 */
export async function issueCode(
  { request, user, scope, consentId }: Decision,
  { records, clock }: { records: Pick<Records, 'grants' | 'authorizationCodes'>; clock: Clock },
): Promise<{ code: string; grantId: string }> {
  const { account, client_id, redirect_uri, redirect_uri_given, audience, api_id, nonce, code_challenge } = request
  const now = clock.now()
  const times = { revision: 1, createdAt: new Date(now), updatedAt: new Date(now) }
  const until = new Date(now + CODE_LIFETIME)
  const grant = await records.grants.insert({
    ...{ id: createId(GRANT_KIND.idPrefix, now), account, ...times, user: user.id, client_id, audience },
    ...(api_id !== undefined && { api_id }),
    scope: [...scope],
    ...(consentId !== undefined && { consent_id: consentId }),
    ...(user.authTime !== undefined && { auth_time: user.authTime }),
    ...(user.claims !== undefined && { claims: user.claims }),
    expires_at: until,
  })
  const { value, hash } = mint()
  await records.authorizationCodes.insert({
    ...{ id: hash, account, ...times, grant_id: grant.id, client_id, redirect_uri, redirect_uri_given },
    ...(code_challenge !== undefined && { code_challenge }),
    ...(nonce !== undefined && { nonce }),
    used: false,
    valid_until: until,
    expires_at: new Date(now + CODE_MEMORY),
  })
  return { code: value, grantId: grant.id }
}
