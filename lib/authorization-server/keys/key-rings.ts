import type { Clock } from '../../clock.js'
import { ConflictError } from '../../errors.js'
import type { Collection } from '../../store/port.js'
import type { KeyRingRecord } from '../../store/records.js'
import type { Emit, ServerEvent } from '../context/events.js'
import { createKey, type NewKey } from './create-key.js'
import type { KeyEncryption } from './key-encryption.js'
import { type DatedKey, type KeyRing, readKeyRing } from './key-ring.js'
import { firstKeys } from './ring-steps.js'

/** The id of the one key ring of an account. */
export const KEY_RING_ID = 'keys'

/** What a step of a ring writes, and what is told of it once it stands. */
export interface RingChange {
  keys: readonly DatedKey[]
  events: readonly ServerEvent[]
}

/** The key rings in the store. */
export interface KeyRings {
  /**
   * The ring as the store has it now. Where there is none it is made, with both keys: several processes may come here at
   * once, one insert succeeds, and the others read what it wrote.
   * @throws StoreUnavailableError, KeyRingError
   */
  read(account: string): Promise<KeyRing>
  /**
   * Writes the ring's new keys by compare-and-set; keys that are gone leave the store with it.
   * @returns the ring as it stands now, or null: another write came before this one
   */
  write(ring: KeyRing, change: RingChange): Promise<KeyRing | null>
  createKey(account: string): Promise<NewKey>
}

export function createKeyRings({
  rings,
  encryption,
  clock,
  emit,
}: {
  rings: Collection<KeyRingRecord>
  encryption: KeyEncryption
  clock: Clock
  emit: Emit
}): KeyRings {
  const makeKey = (account: string): Promise<NewKey> => createKey(account, new Date(clock.now()), encryption)

  async function createRing(account: string): Promise<KeyRingRecord> {
    const [current, next] = await Promise.all([makeKey(account), makeKey(account)])
    const now = new Date(clock.now())
    const keys = firstKeys(current, next, now)
    try {
      const stored = await rings.insert({
        ...{ id: KEY_RING_ID, account, revision: 1, createdAt: now, updatedAt: now },
        keys,
      })
      for (const { kid } of keys) emit({ type: 'key.created', account, kid })
      return stored
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      const winner = await rings.get(account, KEY_RING_ID)
      if (winner === null) throw error
      return winner
    }
  }

  return {
    async read(account) {
      const record = (await rings.get(account, KEY_RING_ID)) ?? (await createRing(account))
      return readKeyRing(record, clock.now())
    },
    async write({ record, gone }, { keys, events }) {
      const { account, revision } = record
      const now = clock.now()
      const stored = await rings.replace({ ...record, keys: [...keys], updatedAt: new Date(now) }, revision)
      if (stored === null) return null
      for (const { kid } of gone) emit({ type: 'key.deleted', account, kid, state: 'previous', by: 'age' })
      for (const event of events) emit(event)
      return readKeyRing(stored, now)
    },
    createKey: makeKey,
  }
}
