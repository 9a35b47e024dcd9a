import { LRUCache } from 'lru-cache'
import { type Clock, forwardClock } from '../../clock.js'
import type { Collection } from '../../store/port.js'
import type { KeyRingRecord } from '../../store/records.js'
import type { Emit } from '../context/events.js'
import type { KeyEncryption } from './key-encryption.js'
import { createKeyManagement, type KeyManagement } from './key-management.js'
import type { KeyRing, PublicJwk } from './key-ring.js'
import { createKeyRings } from './key-rings.js'
import { createKeyOpener, createOpener } from './open-ring.js'
import { createRotation } from './rotation.js'
import type { Signer, TokenType } from './signer.js'
import { createTend } from './tend.js'
import { answerOf, once } from './waiting.js'

export { type PublicJwk, thumbprint } from './key-ring.js'
export { KEY_RING_ID } from './key-rings.js'
export type { Signer, TokenType } from './signer.js'

/** How long a ring may be used before the store is asked again, in milliseconds: another process may have rotated. */
const RING_AGE = 30_000
const MAX_RINGS = 1_000
/** Until when a ring counts as used, in milliseconds: others may have been rotated elsewhere meanwhile. */
const USED_LATELY = 3_600_000

/** The signing keys of every account: one key ring each, its first keys made on first use. */
export interface SigningKeys {
  /**
   * @throws StoreUnavailableError the ring is not known, or is older than 30 seconds
   * @throws KeyRingError
   * @throws TypeError `ERR_INVALID_ARG_VALUE` where the encryption keys do not open the current key
   */
  signer(account: string): Promise<Signer> | Signer
  /**
   * Every key that may have signed a valid token or will sign one soon. Needs no private key to be opened; known ones are
   * published for as long as the store does not answer.
   * @throws StoreUnavailableError the ring is not known
   * @throws KeyRingError
   */
  publicKeys(account: string): Promise<{ keys: PublicJwk[] }>
  /** A number that is another one as soon as other keys of the account are known here than before. */
  version(account: string): number
  /** What is done to the keys on demand; it is seen at once in this process. */
  management: KeyManagement
  /** Resolves when what is being read and made now is done, well or badly. */
  settled(): Promise<void>
  /**
   * When the oldest of the keys that sign was activated, in milliseconds since the epoch: of the rings that were used here
   * within the last hour. undefined: none was.
   */
  oldestActivation(): number | undefined
}

interface KnownRing extends KeyRing {
  /** Absent until a token is asked for. */
  signer: Signer | undefined
  checkedAt: number
  version: number
}

/**
 * Reads and makes signing keys. Rings are cached for 30 seconds, 1 000 at most: what another process has changed is seen
 * after so long, and a key that it has deleted does not sign any longer than that. A ring that was opened stays open while
 * its keys and their states are the same, however another process stores them. Whenever a ring is read, what is due on it
 * by itself is done.
 * A ring that cannot be opened is an error, always: no new key is made in place of one that exists.
 *
 * @param maxAge how long a key signs, in milliseconds; Infinity: until a rotation is asked for
 */
export function createSigningKeys({
  rings: collection,
  tokenType,
  encryption,
  maxAge,
  clock,
  emit,
}: {
  rings: Collection<KeyRingRecord>
  tokenType: TokenType
  encryption: KeyEncryption
  maxAge: number
  clock: Clock
  emit: Emit
}): SigningKeys {
  const cache = new LRUCache<string, KnownRing>({ max: MAX_RINGS })
  const loading = new Map<string, Promise<KnownRing>>()
  const opening = new Map<string, Promise<Signer>>()
  const openKey = createKeyOpener({ encryption, tokenType })
  const openRing = createOpener({ rings: collection, openKey, encryption, clock, emit })
  const rings = createKeyRings({ rings: collection, encryption, clock, emit })
  const rotation = createRotation({ openKey, clock })
  const tend = createTend({ rings, rotation, maxAge, clock, emit })
  const age = forwardClock(clock)
  /** How often this process has changed a ring: what was read before that may be the old one. */
  let changes = 0
  let versions = 0

  function findFresh(account: string): KnownRing | undefined {
    const known = cache.get(account)
    return known !== undefined && age.now() - known.checkedAt < RING_AGE ? known : undefined
  }

  async function load(account: string): Promise<KnownRing> {
    for (;;) {
      const [before, checkedAt] = [changes, age.now()]
      const ring = await tend(await rings.read(account))
      if (before === changes) return keep(ring, checkedAt)
    }
  }

  function keep(ring: KeyRing, checkedAt: number): KnownRing {
    const { account } = ring.record
    const known = cache.get(account)
    // The same object, because it may be being opened now.
    if (known !== undefined && known.identity === ring.identity) return Object.assign(known, ring, { checkedAt })
    versions += 1
    const loaded: KnownRing = { ...ring, checkedAt, version: versions, signer: undefined }
    cache.set(account, loaded)
    return loaded
  }

  /** What this process has written, which is seen at once. The answer to an earlier write may come later. */
  function takeOver(ring: KeyRing): void {
    const { account, revision } = ring.record
    changes += 1
    loading.delete(account)
    opening.delete(account)
    if ((cache.peek(account)?.record.revision ?? 0) < revision) keep(ring, age.now())
  }

  async function open(account: string): Promise<Signer> {
    const ring = findFresh(account) ?? (await once(loading, account, load))
    ring.signer ??= await openRing(ring)
    return ring.signer
  }

  return {
    signer(account) {
      return findFresh(account)?.signer ?? once(opening, account, open)
    },
    async publicKeys(account) {
      const fresh = findFresh(account)
      if (fresh !== undefined) return fresh.jwks
      const known = cache.get(account)
      const loaded = once(loading, account, load)
      if (known === undefined) return (await loaded).jwks
      return (await answerOf(loaded))?.jwks ?? known.jwks
    },
    version: account => cache.peek(account)?.version ?? 0,
    management: createKeyManagement({ rings, rotation, onChange: takeOver }),
    async settled() {
      await Promise.allSettled([...loading.values(), ...opening.values()])
    },
    oldestActivation() {
      const now = age.now()
      const used = [...cache.values()].filter(({ checkedAt }) => now - checkedAt < USED_LATELY)
      const times = used.map(({ current }) => (current.activated_at ?? current.created_at).getTime())
      return used.length === 0 ? undefined : Math.min(...times)
    },
  }
}
