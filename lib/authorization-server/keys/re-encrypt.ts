import { type Clock, systemClock } from '../../clock.js'
import { invalidValue } from '../../errors.js'
import type { Collection, Store } from '../../store/port.js'
import { KEY_RING_KIND, type KeyRingRecord, type SigningKeyEntry } from '../../store/records.js'
import { walkAccounts } from '../../store/walk.js'
import {
  createKeyEncryption,
  type EncryptionOption,
  type KeyEncryption,
  parseEncryptionOption,
} from './key-encryption.js'
import { readKeyRing } from './key-ring.js'
import { KEY_RING_ID } from './key-rings.js'
import { readPrivateKey } from './signer.js'

/** What became of the key rings. */
export interface ReEncrypted {
  /** All accounts that the store has a ring of. */
  rings: number
  /** Those of which a key was plain, or encrypted by a key that is not the first. */
  rewritten: number
}

/**
 * Encrypts every signing key of every account in the store by the first of the encryption keys, whatever accounts are
 * served. All rings are opened before the first one is written. Each is written by compare-and-set, so servers may run on
 * the store meanwhile; a ring that was encrypted already is left alone.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: `encryptionKey` is missing, only reads, or does not open a ring; nothing was
 * written
 * @throws KeyRingError a ring is not what it must be; nothing was written
 * @throws StoreUnavailableError, StoreLockedError
 */
export async function reEncryptKeyRings({
  store,
  encryptionKey,
  clock = systemClock,
}: {
  store: Store
  encryptionKey: EncryptionOption | undefined
  clock?: Clock
}): Promise<ReEncrypted> {
  const settings = parseEncryptionOption(encryptionKey)
  if (settings.keys.length === 0) throw invalidValue('encryptionKey: is missing')
  if (!settings.encrypt) throw invalidValue('encryptionKey: only reads, and keys are to be encrypted')
  const encryption = createKeyEncryption(settings)
  const rings = await store.collection(KEY_RING_KIND)
  for await (const account of walkAccounts(rings)) {
    const record = await rings.get(account, KEY_RING_ID)
    if (record !== null) await openKeys(record, { encryption, clock })
  }
  const result: ReEncrypted = { rings: 0, rewritten: 0 }
  for await (const account of walkAccounts(rings)) {
    if (await reEncryptRing(rings, account, { encryption, clock })) result.rewritten += 1
    result.rings += 1
  }
  return result
}

interface Tools {
  encryption: KeyEncryption
  clock: Clock
}

/** @returns whether it was written */
async function reEncryptRing(rings: Collection<KeyRingRecord>, account: string, tools: Tools): Promise<boolean> {
  for (;;) {
    const record = await rings.get(account, KEY_RING_ID)
    if (record === null) return false
    const opened = await openKeys(record, tools)
    if (!opened.some(({ outdated }) => outdated)) return false
    const keys = await Promise.all(
      opened.map(async ({ key, privateJwk }) => ({
        ...key,
        private_jwk: await tools.encryption.encrypt(privateJwk, { account, kid: key.kid }),
      })),
    )
    const updatedAt = new Date(tools.clock.now())
    if ((await rings.replace({ ...record, keys, updatedAt }, record.revision)) !== null) return true
  }
}

/** Decrypts every key of a ring, those that are gone too, and checks that each is one. */
async function openKeys(
  stored: KeyRingRecord,
  { encryption, clock }: Tools,
): Promise<{ key: SigningKeyEntry; privateJwk: string; outdated: boolean }[]> {
  const { record, gone } = readKeyRing(stored, clock.now())
  const { account } = record
  return Promise.all(
    [...record.keys, ...gone].map(async key => {
      const binding = { account, kid: key.kid }
      const decrypted = await encryption.decrypt(key.private_jwk, binding)
      readPrivateKey(decrypted.privateJwk, binding)
      return { key, ...decrypted }
    }),
  )
}
