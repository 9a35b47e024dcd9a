import { LRUCache } from 'lru-cache'
import { memoize } from '../../memoize.js'
import type { CompactJws } from './compact-jws.js'
import { deepFreeze } from './freeze.js'
import type { AccessTokenClaims, AccessTokenHeader, AuthInfo } from '../contract/types.js'

/** Scope texts that are kept with their lists, which all tokens with this text share: most have one of a few. */
const MAX_TEXTS = 256
const MAX_TEXT_LENGTH = 512

const lists = new LRUCache<string, string[]>({ max: MAX_TEXTS })
const NOTHING = Object.freeze<string[]>([]) as string[]
let last: { claim: string; list: string[] } = { claim: '', list: NOTHING }

/** What `req.auth` holds of a token that was verified. Knows its verifier, so that nothing else is taken for it. */
class VerifiedToken implements AuthInfo {
  readonly payload: Readonly<AccessTokenClaims>
  readonly header: Readonly<AccessTokenHeader>
  readonly token: string
  readonly clientId: string
  readonly scopes: string[]
  declare readonly permissions?: string[]
  readonly expiresAt: number
  readonly #verifier: object

  constructor(token: string, { header, payload }: Pick<CompactJws, 'header' | 'payload'>, verifier: object) {
    const claims = payload as unknown as AccessTokenClaims
    this.payload = claims
    this.header = header.parameters
    this.token = token
    this.clientId = clientOf(payload)
    this.scopes = readScopes(payload['scope'] ?? payload['scp'])
    const permissions = readList(claims.permissions)
    if (permissions !== undefined) this.permissions = permissions
    this.expiresAt = claims.exp
    this.#verifier = verifier
  }

  static isOf(value: object, verifier: object): boolean {
    return #verifier in value && value.#verifier === verifier
  }

  static is(value: object): boolean {
    return #verifier in value
  }
}

/** Makes what `req.auth` holds, frozen all through. @param verifier which one verified the token */
export function createAuthInfo(token: string, jws: Pick<CompactJws, 'header' | 'payload'>, verifier: object): AuthInfo {
  deepFreeze(jws.payload)
  return Object.freeze(new VerifiedToken(token, jws, verifier))
}

/** Is this what a verifier made, and, where one is named, this verifier? */
export function isVerified(value: unknown, verifier?: object): value is AuthInfo {
  if (typeof value !== 'object' || value === null) return false
  return verifier === undefined ? VerifiedToken.is(value) : VerifiedToken.isOf(value, verifier)
}

function clientOf({ client_id: clientId, azp, cid }: Record<string, unknown>): string {
  if (typeof clientId === 'string') return clientId
  if (typeof azp === 'string') return azp
  return typeof cid === 'string' ? cid : ''
}

/** A text with blanks (RFC 8693 §4.2), or a list of texts, as some issuers write it. What is of another type names nothing. */
export function readScopes(claim: unknown): string[] {
  return readList(claim) ?? NOTHING
}

/** The same, and undefined where it is of another type. A list is frozen with the payload that it stands in. */
function readList(claim: unknown): string[] | undefined {
  if (typeof claim !== 'string') return isTexts(claim) ? claim : undefined
  // Comparing costs a tenth of hashing.
  if (last.claim !== claim) last = { claim, list: listOf(claim) }
  return last.list
}

function listOf(claim: string): string[] {
  const split = (): string[] => Object.freeze(claim.split(' ').filter(scope => scope !== '')) as string[]
  return claim.length > MAX_TEXT_LENGTH ? split() : memoize<string, string[]>(lists, claim, split)
}

export function isTexts(claim: unknown): claim is string[] {
  if (!Array.isArray(claim)) return false
  for (const entry of claim) if (typeof entry !== 'string') return false
  return true
}
