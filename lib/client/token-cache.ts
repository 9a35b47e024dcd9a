import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import { TokenRefusedError } from './errors.js'
import type { TokenTarget } from './options.js'
import type { TokenEndpoint } from './token-endpoint.js'

/** Tokens kept, at most, and characters of all of them with their targets. */
const MAX_TOKENS = 1_000
const MAX_SIZE = 8_388_608

/** Which part of its life a token is used before another one is asked for. */
const USED_SHARE = 0.8

/** How long the issuer is not asked again after it refused to renew a token that still lives, in milliseconds. */
const REFUSAL_HOLD = 10_000

/** A token that an API refuses is replaced once in this time, in milliseconds. */
const COOLDOWN = 5_000

interface KeptToken {
  readonly token: string
  renewAt: number
  readonly expiresAt: number
  /** When the one before it was replaced because an API refused it. */
  readonly replacedAt: number
}

/** Tokens by what they are for; one request at a time for each. */
export interface TokenCache {
  /** @throws TokenClientError */
  get(target: TokenTarget, refused: string | undefined): Promise<string>
}

/** @param age a clock that never goes back */
export function createTokenCache(endpoint: TokenEndpoint, age: Clock): TokenCache {
  const kept = new LRUCache<string, KeptToken>({
    max: MAX_TOKENS,
    maxSize: MAX_SIZE,
    sizeCalculation: ({ token }, key) => token.length + key.length,
  })
  const running = new Map<string, Promise<string>>()

  async function renew(key: string, target: TokenTarget, refused: string | undefined): Promise<string> {
    const previous = kept.get(key)
    try {
      const { token, askedAt, life } = await endpoint.request(target)
      const replacedAt = refused === undefined ? (previous?.replacedAt ?? Number.NEGATIVE_INFINITY) : askedAt
      kept.set(key, { token, renewAt: askedAt + life * USED_SHARE, expiresAt: askedAt + life, replacedAt })
      return token
    } catch (error) {
      const now = age.now()
      if (previous === undefined || previous.token === refused || now >= previous.expiresAt) throw error
      if (error instanceof TokenRefusedError) previous.renewAt = now + REFUSAL_HOLD
      return previous.token
    }
  }

  return {
    get({ audience, scope }, refused) {
      const key = JSON.stringify([audience, scope])
      const known = kept.get(key)
      const now = age.now()
      if (known !== undefined && isGood(known, refused, now)) return Promise.resolve(known.token)
      const flight =
        running.get(key) ??
        renew(key, { audience, scope }, known?.token === refused ? refused : undefined).finally(() => {
          running.delete(key)
        })
      running.set(key, flight)
      return flight
    },
  }
}

/** A token that an API refused is none, unless it has just replaced another one that was refused. */
function isGood(
  { token, renewAt, expiresAt, replacedAt }: KeptToken,
  refused: string | undefined,
  now: number,
): boolean {
  if (token === refused) return now < expiresAt && now - replacedAt < COOLDOWN
  return now < Math.min(renewAt, expiresAt)
}
