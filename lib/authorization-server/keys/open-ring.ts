import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import type { Collection } from '../../store/port.js'
import type { KeyRingRecord, SigningKeyEntry } from '../../store/records.js'
import type { Emit } from '../context/events.js'
import type { KeyEncryption } from './key-encryption.js'
import type { KeyRing } from './key-ring.js'
import { createSigner, readPrivateKey, type Signer, type TokenType } from './signer.js'

/** The private JWK of a key, as JSON text. */
interface OpenKey {
  privateJwk: string
  outdated: boolean
}

/**
 * Makes what opens the private keys of a ring. At its first opening in this process all keys are opened and checked, and
 * encrypted anew where they are plain or under another key than the first. That is tried once: two processes whose lists
 * are in another order would go on forever. Later, after a rotation, the current key alone is opened.
 * Remembers 10 000 accounts.
 */
export function createOpener({
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
}): (ring: KeyRing) => Promise<Signer> {
  const opened = new LRUCache<string, true>({ max: 10_000 })

  async function openKey(account: string, { kid, private_jwk }: SigningKeyEntry): Promise<OpenKey> {
    return encryption.decrypt(private_jwk, { account, kid })
  }

  async function checkRing({ record }: KeyRing): Promise<void> {
    const { account, keys } = record
    const all = await Promise.all(keys.map(key => openKey(account, key)))
    for (const [i, { kid }] of keys.entries()) readPrivateKey(all[i]?.privateJwk ?? '', { account, kid })
    if (all.some(({ outdated }) => outdated)) await encryptRing(record, all)
  }

  /** A ring that cannot be written is open all the same. Where another process was faster, its work stays. */
  async function encryptRing(record: KeyRingRecord, opened: readonly OpenKey[]): Promise<void> {
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
    const { privateJwk } = await openKey(account, current)
    const signer = createSigner(privateJwk, { account, kid: current.kid, typ: tokenType })
    if (!opened.has(account)) await checkRing(ring)
    opened.set(account, true)
    return signer
  }
}
