import { LRUCache } from 'lru-cache'
import type { CompactJws } from './compact-jws.js'
import { deepFreeze } from './freeze.js'
import { memoize } from './memoize.js'
import type { AccessTokenClaims, AuthInfo } from './types.js'

/** Scope texts that are kept with their lists, which all tokens with this text share: most have one of a few. */
const MAX_TEXTS = 256
const MAX_TEXT_LENGTH = 512

const lists = new LRUCache<string, string[]>({ max: MAX_TEXTS })
let last: { claim: string; list: string[] } = { claim: '', list: Object.freeze<string[]>([]) as string[] }

/** What `req.auth` holds of a token that was verified, frozen all through. */
export function createAuthInfo(token: string, { header, payload }: Pick<CompactJws, 'header' | 'payload'>): AuthInfo {
  deepFreeze(payload)
  const claims = payload as unknown as AccessTokenClaims
  const { permissions, exp: expiresAt } = claims
  const { parameters } = header
  const clientId = clientOf(payload)
  const scopes = readScopes(payload['scope'] ?? payload['scp'])
  // Two shapes, each written out: this runs for every new token.
  if (isTexts(permissions)) {
    return Object.freeze({ payload: claims, header: parameters, token, clientId, scopes, permissions, expiresAt })
  }
  return Object.freeze({ payload: claims, header: parameters, token, clientId, scopes, expiresAt })
}

function clientOf({ client_id: clientId, azp, cid }: Record<string, unknown>): string {
  if (typeof clientId === 'string') return clientId
  if (typeof azp === 'string') return azp
  return typeof cid === 'string' ? cid : ''
}

/** `scope` as a text with blanks (RFC 8693 §4.2), or a list of texts, as some issuers write it. */
export function readScopes(claim: unknown): string[] {
  if (typeof claim !== 'string') return Object.freeze(isTexts(claim) ? [...claim] : []) as string[]
  // Comparing costs a tenth of hashing.
  if (last.claim !== claim) last = { claim, list: listOf(claim) }
  return last.list
}

function listOf(claim: string): string[] {
  const split = (): string[] => Object.freeze(claim.split(' ').filter(scope => scope !== '')) as string[]
  return claim.length > MAX_TEXT_LENGTH ? split() : memoize<string, string[]>(lists, claim, split)
}

function isTexts(claim: unknown): claim is string[] {
  if (!Array.isArray(claim)) return false
  for (const entry of claim) if (typeof entry !== 'string') return false
  return true
}
