import type { Clock } from '../../clock.js'
import type { AuthorizationCodeRecord, GrantRecord } from '../../store/user-records.js'
import type { Records } from '../context/context.js'
import type { Emit } from '../context/events.js'
import type { Origin } from '../context/origin.js'
import type { Grants } from './grants.js'
import { invalidGrant } from './invalid-grant.js'
import { MINTED, oneWay } from '../context/one-way.js'
import { fitsChallenge } from './pkce.js'
import type { NewFamily } from './refresh-tokens.js'
import { CLOCK_SKEW } from './rotation.js'

/** What a client presents to exchange a code (RFC 6749 §4.1.3, RFC 7636 §4.5). */
export interface PresentedCode {
  account: string
  clientId: string
  code: string
  redirectUri: string | undefined
  codeVerifier: string | undefined
  /** Who presents it. */
  origin: Origin
}

/** A code that can be exchanged now, and the grant that it stands for. */
export interface GoodCode {
  code: AuthorizationCodeRecord
  grant: GrantRecord
  origin: Origin
}

export interface ExchangeServices {
  records: Pick<Records, 'authorizationCodes'>
  grants: Grants
  clock: Clock
  emit: Emit
}

/**
 * Finds the code. Whoever is not its client, or names another redirect URI, changes nothing. Its client without the right
 * verifier burns it. With everything right, a code that was used already ends the grant (RFC 6749 §4.1.2).
 *
 * @throws InvalidGrantError
 * @throws StoreUnavailableError
 */
export async function findCode(presented: PresentedCode, services: ExchangeServices): Promise<GoodCode> {
  const { account, clientId, redirectUri, codeVerifier, origin } = presented
  const { records, grants, clock } = services
  const code = MINTED.test(presented.code)
    ? await records.authorizationCodes.get(account, oneWay(presented.code))
    : null
  if (code === null) throw invalidGrant('unknown_code')
  if (code.client_id !== clientId) throw invalidGrant('other_clients_code')
  if (!fitsRedirect(code, redirectUri)) throw invalidGrant('redirect_uri_mismatch')
  const isProven = fitsChallenge(code.code_challenge, codeVerifier)
  if (code.used) {
    if (isProven) await endReplayed(code, origin, services)
    throw invalidGrant('used_code')
  }
  if (!isInTime(code, clock.now())) throw invalidGrant('expired_code')
  if (!isProven) {
    await burn(code, origin, services)
    throw invalidGrant('code_verifier_mismatch')
  }
  const grant = await grants.get(account, code.grant_id)
  if (grant === null || clock.now() >= grant.expires_at.getTime()) throw invalidGrant('grant_ended')
  return { code, grant, origin }
}

/**
 * Uses the code up by compare-and-set, and makes the grant last: of any number of callers at once one returns. It does so
 * although the others, being replays, may have ended the grant meanwhile.
 *
 * @throws InvalidGrantError
 * @throws StoreUnavailableError
 */
export async function useCode(
  { code, grant, origin }: GoodCode,
  lasting: { until: Date; family: NewFamily['stored'] | undefined },
  services: ExchangeServices,
): Promise<void> {
  if (!(await markUsed(code, services))) {
    await endReplayed(code, origin, services)
    throw invalidGrant('used_code')
  }
  const kept = await services.grants.change(grant, present => ({
    ...present,
    ...lasting.family,
    expires_at: lasting.until,
  }))
  // Nobody ended it: it ran out while it was exchanged.
  if (kept === null && services.clock.now() >= grant.expires_at.getTime()) throw invalidGrant('expired_code')
}

/** A clock that was set back gives a code no longer life than it has: one that is not made yet is not good. */
function isInTime({ createdAt, valid_until }: AuthorizationCodeRecord, now: number): boolean {
  return now < valid_until.getTime() && now >= createdAt.getTime() - CLOCK_SKEW
}

/** What the request to `/authorize` named must be named again; what it left out may be (RFC 6749 §4.1.3). */
function fitsRedirect(code: AuthorizationCodeRecord, redirectUri: string | undefined): boolean {
  if (redirectUri === undefined) return !code.redirect_uri_given
  return redirectUri === code.redirect_uri
}

/** @returns whether it was this caller who did */
async function markUsed(code: AuthorizationCodeRecord, { records, clock }: ExchangeServices): Promise<boolean> {
  const used = { ...code, used: true, updatedAt: new Date(clock.now()) }
  return (await records.authorizationCodes.replace(used, code.revision)) !== null
}

/** Nobody has the grant yet: it ends with its code. */
async function burn(code: AuthorizationCodeRecord, origin: Origin, services: ExchangeServices): Promise<void> {
  if (await markUsed(code, services)) await services.grants.end(grantOf(code), origin)
}

async function endReplayed(
  code: AuthorizationCodeRecord,
  origin: Origin,
  { grants, emit }: ExchangeServices,
): Promise<void> {
  const { account, client_id: clientId, grant_id: grantId } = code
  if (await grants.end(grantOf(code), origin)) emit({ type: 'code.reused', account, clientId, grantId })
}

function grantOf({ account, client_id, grant_id }: AuthorizationCodeRecord): Parameters<Grants['end']>[0] {
  return { account, client_id, id: grant_id }
}
