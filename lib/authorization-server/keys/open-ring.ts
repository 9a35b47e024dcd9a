import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import type { Collection } from '../../store/port.js'
import type { KeyRingRecord, SigningKeyEntry } from '../../store/records.js'
import type { Emit } from '../context/events.js'
import type { KeyEncryption } from './key-encryption.js'
import type { KeyRing } from './key-ring.js'
import { createSigner, readPrivateKey, type Signer, type TokenType } from './signer.js'

/** The private JWK of a key, as JSON text. */
interface Decrypted {
  privateJwk: string
  outdated: boolean
}

/** Opens one key of a ring. @throws TypeError `ERR_INVALID_ARG_VALUE`; KeyRingError */
export type OpenKey = (account: string, key: SigningKeyEntry) => Promise<Signer>

/** Makes what decrypts a private key and proves that it signs. */
export function createKeyOpener({
  encryption,
  tokenType,
}: {
  encryption: KeyEncryption
  tokenType: TokenType
}): OpenKey {
  return async function openKey(account, { kid, private_jwk }) {
    const { privateJwk } = await encryption.decrypt(private_jwk, { account, kid })
    return createSigner(privateJwk, { account, kid, typ: tokenType })
  }
}

/**
 * Makes what opens the private keys of a ring. At its first opening in this process all keys are opened and checked, and
 * encrypted anew where they are plain or under another key than the first. That is tried once: two processes whose lists
 * are in another order would go on forever. Later, after a rotation, the current key alone is opened.
 * Remembers 10 000 accounts.
 */
export function createOpener({
  rings,
  openKey,
  encryption,
  clock,
  emit,
}: {
  rings: Collection<KeyRingRecord>
  openKey: OpenKey
  encryption: KeyEncryption
  clock: Clock
  emit: Emit
}): (ring: KeyRing) => Promise<Signer> {
  const opened = new LRUCache<string, true>({ max: 10_000 })

  async function checkRing({ record }: KeyRing): Promise<void> {
    const { account, keys } = record
    const all = await Promise.all(keys.map(({ kid, private_jwk }) => encryption.decrypt(private_jwk, { account, kid })))
    for (const [i, { kid }] of keys.entries()) readPrivateKey(all[i]?.privateJwk ?? '', { account, kid })
    if (all.some(({ outdated }) => outdated)) await encryptRing(record, all)
  }

  /** A ring that cannot be written is open all the same. Where another process was faster, its work stays. */
  async function encryptRing(record: KeyRingRecord, opened: readonly Decrypted[]): Promise<void> {
    const { account, revision } = record
    const keys = await Promise.all(
      record.keys.map(async (key, i) => {
        const private_jwk = await encryption.encrypt(opened[i]?.privateJwk ?? '', { account, kid: key.kid })
        return { ...key, private_jwk }
      }),
    )
    try {
      const stored = await rings.replace({ ...record, keys, updatedAt: new Date(clock.now()) }, revision)
      if (stored !== null) emit({ type: 'key.encrypted', account })
    } catch (cause) {
      emit({ type: 'server.error', account, cause })
    }
  }

  return async function openRing(ring) {
    const { current, record } = ring
    const { account } = record
    const signer = await openKey(account, current)
    if (!opened.has(account)) await checkRing(ring)
    opened.set(account, true)
    return signer
  }
}
