import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { LRUCache } from 'lru-cache'
import { type Clock, forwardClock } from '../../clock.js'
import { ConflictError, StoreUnavailableError } from '../../errors.js'
import type { Collection } from '../../store/port.js'
import type { KeyRingRecord, SigningKeyEntry } from '../../store/records.js'
import { clearTimeout, setTimeout } from '../../timers.js'
import type { Emit } from '../context/events.js'
import type { KeyEncryption } from './key-encryption.js'
import { type KeyRing, type PublicJwk, readKeyRing, thumbprint } from './key-ring.js'
import { createOpener } from './open-ring.js'
import type { Signer, TokenType } from './signer.js'

export { type PublicJwk, thumbprint } from './key-ring.js'
export type { Signer, TokenType } from './signer.js'

/** The id of the one key ring of an account. */
export const KEY_RING_ID = 'keys'

/** How long a ring may be used before the store is asked again, in milliseconds: another process may have rotated. */
const RING_AGE = 30_000
/** How long the store is waited for where the public keys are known, in milliseconds. */
const STORE_WAIT = 1_000
const MAX_RINGS = 1_000

const generateRsa = promisify(generateKeyPair)

/** The signing keys of every account: one key ring each, its first key made on first use. */
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
}

interface KnownRing extends KeyRing {
  /** Absent until a token is asked for. */
  signer: Signer | undefined
  checkedAt: number
}

/**
 * Reads and makes signing keys. Rings are cached for 30 seconds, 1 000 at most. A ring that was opened stays open while its
 * keys and their states are the same, however another process stores them.
 * A ring that cannot be opened is an error, always: no new key is made in place of one that exists.
 */
export function createSigningKeys({
  rings,
  tokenType,
  encryption,
  clock,
  emit,
}: {
  rings: Collection<KeyRingRecord>
  tokenType: TokenType
  encryption: KeyEncryption
  clock: Clock
  emit: Emit
}): SigningKeys {
  const cache = new LRUCache<string, KnownRing>({ max: MAX_RINGS })
  const loading = new Map<string, Promise<KnownRing>>()
  const opening = new Map<string, Promise<Signer>>()
  const openRing = createOpener({ rings, tokenType, encryption, clock, emit })
  const age = forwardClock(clock)

  function findFresh(account: string): KnownRing | undefined {
    const known = cache.get(account)
    return known !== undefined && age.now() - known.checkedAt < RING_AGE ? known : undefined
  }

  async function load(account: string): Promise<KnownRing> {
    const ring = readKeyRing((await rings.get(account, KEY_RING_ID)) ?? (await createRing(account)))
    const known = cache.get(account)
    const own = { ...ring, checkedAt: age.now() }
    // The same object, because it may be being opened now.
    if (known !== undefined && known.identity === ring.identity) return Object.assign(known, own)
    const loaded: KnownRing = { ...own, signer: undefined }
    cache.set(account, loaded)
    return loaded
  }

  /** Several processes may come here at once: one insert succeeds, the others read what it wrote. */
  async function createRing(account: string): Promise<KeyRingRecord> {
    const now = new Date(clock.now())
    const entry = await createKey(account, now, encryption)
    try {
      const record = { id: KEY_RING_ID, account, revision: 1, createdAt: now, updatedAt: now, keys: [entry] }
      const stored = await rings.insert(record)
      emit({ type: 'key.created', account, kid: entry.kid })
      return stored
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      const winner = await rings.get(account, KEY_RING_ID)
      if (winner === null) throw error
      return winner
    }
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
      return (await answerOf(loaded)) ?? known.jwks
    },
  }
}

/** The run that is under way for the account, or a new one. */
function once<T>(running: Map<string, Promise<T>>, account: string, run: (account: string) => Promise<T>): Promise<T> {
  let promise = running.get(account)
  if (promise === undefined) {
    promise = run(account).finally(() => running.delete(account))
    running.set(account, promise)
  }
  return promise
}

/** undefined: the store does not answer. */
async function answerOf(loaded: Promise<KnownRing>): Promise<KeyRing['jwks'] | undefined> {
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), STORE_WAIT).unref()
  })
  try {
    return (await Promise.race([loaded, waited]))?.jwks
  } catch (error) {
    if (error instanceof StoreUnavailableError) return undefined
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function createKey(account: string, now: Date, encryption: KeyEncryption): Promise<SigningKeyEntry> {
  const { privateKey, publicKey } = await generateRsa('rsa', { modulusLength: 2048 })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const kid = thumbprint(publicJwk)
  const privateJwk = JSON.stringify(privateKey.export({ format: 'jwk' }))
  return {
    kid,
    state: 'current',
    created_at: now,
    public_jwk: JSON.stringify(publicJwk),
    private_jwk: await encryption.encrypt(privateJwk, { account, kid }),
  }
}
