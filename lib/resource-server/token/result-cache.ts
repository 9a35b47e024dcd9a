import { LRUCache } from 'lru-cache'
import { bytesOf } from './bytes.js'
import type { VerificationKey } from '../keys/jwk.js'
import type { KeySet } from '../keys/key-set.js'
import type { ResultCacheOptions } from '../options/options.js'
import type { AuthInfo } from '../contract/types.js'

/** What was found out of a token, and what it rests on. */
export interface VerifiedToken {
  auth: AuthInfo
  key: VerificationKey
  keySet: KeySet
  /**
   * Whole seconds since the epoch, leeway included, from which and until which the token is good for sure: a clock may be
   * set back. Whole numbers stand in the entry itself, others elsewhere in memory.
   */
  validFrom: number
  validUntil: number
  /** The cache's own note: how many entries had been added when this one was last put in front of the others. */
  usedAt: number
}

/** Estimated bytes of an entry, besides the token and its claims. */
const BYTES_PER_ENTRY = 600

/** Fingerprints of tokens that were seen once: 256 KiB for the whole process, whatever comes. */
const SEEN = new Uint32Array(65_536)

/**
 * Verified tokens, bounded in entries and in bytes. A token is kept when it comes for the second time, so that those
 * which come once do not push out the ones in use.
 */
export class ResultCache {
  readonly #bounds: Required<ResultCacheOptions>
  /** Made when there is something to keep: a thousand guards that see nothing cost nothing. */
  #entries: LRUCache<number, VerifiedToken> | undefined
  #added = 0

  constructor(bounds: Required<ResultCacheOptions>) {
    this.#bounds = bounds
  }

  #create(): LRUCache<number, VerifiedToken> {
    return new LRUCache({
      max: this.#bounds.maxEntries,
      maxSize: this.#bounds.maxBytes,
      sizeCalculation: ({ auth }) => bytesOf(auth.payload, auth.token.length) + BYTES_PER_ENTRY,
    })
  }

  /**
   * What is known of the token: character by character the same one, in its time, by a key that stands in its issuer's
   * set, which is fresh enough to be used.
   *
   * @param now milliseconds since the epoch
   */
  get(token: string, now: number): VerifiedToken | undefined {
    const entries = this.#entries
    if (entries === undefined) return undefined
    const id = fingerprintOf(token)
    const entry = entries.peek(id)
    if (entry === undefined || entry.auth.token !== token) return undefined
    if (entry.key.live && now < entry.validUntil * 1000 && now >= entry.validFrom * 1000) {
      if (this.#added - entry.usedAt > entries.size / 4) this.#toFront(entries, id, entry)
      return entry.keySet.isUsable(now) ? entry : undefined
    }
    entries.delete(id)
    return undefined
  }

  /** Not on every use: its neighbours in the list lie all over the memory, and nobody is pushed out while nobody comes. */
  #toFront(entries: LRUCache<number, VerifiedToken>, id: number, entry: VerifiedToken): void {
    entry.usedAt = this.#added
    entries.get(id)
  }

  /** Offers a token that was verified just now. */
  offer(entry: VerifiedToken): void {
    const id = fingerprintOf(entry.auth.token)
    if (!isSeen(id)) return
    this.#entries ??= this.#create()
    entry.usedAt = ++this.#added
    this.#entries.set(id, entry)
  }
}

/**
 * 32 bits (FNV-1a) of the end of a token's signature: enough to find it by, and cheaper than a text to look up. Where two
 * tokens share them, only the later one is kept; {@link ResultCache.get} compares the whole token.
 */
function fingerprintOf(token: string): number {
  let hash = 0x811c9dc5
  for (let at = token.length - 8; at < token.length; at++) hash = Math.imul(hash ^ token.charCodeAt(at), 0x01000193)
  return hash
}

/**
 * Was this fingerprint offered before, as far as four in a row remember? Remembers it. With one place for each, of a
 * thousand tokens that come in turn some push each other out, and are never kept.
 */
function isSeen(fingerprint: number): boolean {
  const unsigned = fingerprint >>> 0
  const first = ((unsigned ^ (unsigned >>> 16)) & 0x3fff) * 4
  for (let at = first; at < first + 4; at++) if (SEEN[at] === unsigned) return true
  for (let at = first + 3; at > first; at--) SEEN[at] = SEEN[at - 1] as number
  SEEN[first] = unsigned
  return false
}
