import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { KeySet } from './key-set.js'
import { memoize } from '../../memoize.js'
import type { IssuerSettings, VerifierSettings } from '../options/options.js'

/** Key sets that are kept for later guards, for each `fetch` and clock. */
const MAX_KEY_SETS = 100

type KeySets = LRUCache<string, KeySet>

const registry = new WeakMap<object, WeakMap<object, KeySets>>()

/**
 * The key set of an issuer: one for all guards of the process with the same issuer, place, times, seed, `fetch` and
 * clock, however often a guard is built, and whichever tenants it lets in. What came by http is for those who allow it.
 */
export function keySetOf(issuer: IssuerSettings, settings: VerifierSettings): KeySet {
  const { keySet: times, clock, fetch: fetchFunction, onEvent, seed } = settings
  const seeded = seed.find(entry => entry.issuer === issuer.issuer)
  const { tenants: _tenants, ...place } = issuer
  const { issuer: name, jwksUri = null, allowInsecureRequests = false } = place
  const key = hash([name, jwksUri, allowInsecureRequests, times, seeded?.jwks ?? null])
  const keySet = memoize<string, KeySet>(setsOf(fetchFunction ?? globalThis.fetch, clock), key, () => {
    const made = new KeySet({ issuer: place, settings: times, clock, fetch: fetchFunction })
    if (seeded !== undefined) made.seed(seeded)
    return made
  })
  if (onEvent !== undefined) keySet.listeners.add(onEvent)
  return keySet
}

function setsOf(fetchFunction: object, clock: object): KeySets {
  const byClock = memoize(registry, fetchFunction, () => new WeakMap<object, KeySets>())
  return memoize(byClock, clock, () => new LRUCache<string, KeySet>({ max: MAX_KEY_SETS }))
}

/** A seed may be long, and a name need not be. */
function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url')
}
