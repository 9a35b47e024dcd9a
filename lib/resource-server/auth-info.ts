import { LRUCache } from 'lru-cache'
import type { CompactJws } from './compact-jws.js'
import { deepFreeze } from './freeze.js'
import type { AccessTokenClaims, AuthInfo } from './types.js'

/** Scope texts that are kept with their lists, which all tokens with this text share: most have one of a few. */
const MAX_TEXTS = 256
const MAX_TEXT_LENGTH = 512

const lists = new LRUCache<string, string[]>({ max: MAX_TEXTS })

/** What `req.auth` holds of a token that was verified, frozen all through. */
export function createAuthInfo(token: string, { header, payload }: Pick<CompactJws, 'header' | 'payload'>): AuthInfo {
  deepFreeze(payload)
  const claims = payload as unknown as AccessTokenClaims
  const { permissions } = claims
  const auth = {
    payload: claims,
    header: header.parameters,
    token,
    clientId: clientOf(payload),
    scopes: readScopes(payload['scope'] ?? payload['scp']),
    expiresAt: claims.exp,
  }
  return Object.freeze(isTexts(permissions) ? { ...auth, permissions } : auth)
}

function clientOf({ client_id: clientId, azp, cid }: Record<string, unknown>): string {
  if (typeof clientId === 'string') return clientId
  if (typeof azp === 'string') return azp
  return typeof cid === 'string' ? cid : ''
}

/** `scope` as a text with blanks (RFC 8693 §4.2), or a list of texts, as some issuers write it. */
export function readScopes(claim: unknown): string[] {
  if (typeof claim !== 'string') return Object.freeze(isTexts(claim) ? [...claim] : []) as string[]
  const known = lists.get(claim)
  if (known !== undefined) return known
  const list = Object.freeze(claim.split(' ').filter(scope => scope !== '')) as string[]
  if (claim.length <= MAX_TEXT_LENGTH) lists.set(claim, list)
  return list
}

function isTexts(claim: unknown): claim is string[] {
  return Array.isArray(claim) && claim.every(entry => typeof entry === 'string')
}
