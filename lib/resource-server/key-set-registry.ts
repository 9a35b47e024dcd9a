import { LRUCache } from 'lru-cache'
import { KeySet } from './key-set.js'
import { memoize } from './memoize.js'
import type { IssuerOption, VerifierSettings } from './options.js'

/** Key sets that are kept for later guards, for each `fetch` and clock. */
const MAX_KEY_SETS = 100

type Registry = WeakMap<object, WeakMap<object, LRUCache<string, KeySet>>>

const registry: Registry = new WeakMap()

/**
 * The key set of an issuer: one for all guards of the process with the same issuer, place, times, `fetch`, clock and
 * listener, however often a guard is built.
 */
export function keySetOf(issuer: IssuerOption, settings: VerifierSettings): KeySet {
  const { keySet, clock, fetch: fetchFunction, onEvent } = settings
  const owner = onEvent ?? fetchFunction ?? globalThis
  const sets = setsOf(owner, clock)
  const key = JSON.stringify([issuer.issuer, issuer.jwksUri ?? null, keySet, identityOf(fetchFunction)])
  return memoize<string, KeySet>(
    sets,
    key,
    () => new KeySet({ issuer, settings: keySet, clock, fetch: fetchFunction, onEvent }),
  )
}

function setsOf(owner: object, clock: object): LRUCache<string, KeySet> {
  const byClock = memoize(registry, owner, () => new WeakMap<object, LRUCache<string, KeySet>>())
  return memoize(byClock, clock, () => new LRUCache<string, KeySet>({ max: MAX_KEY_SETS }))
}

const identities = new WeakMap<object, number>()
let identity = 0

function identityOf(value: object | undefined): number {
  return value === undefined ? 0 : memoize(identities, value, () => ++identity)
}
