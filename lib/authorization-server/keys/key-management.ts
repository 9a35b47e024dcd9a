import { ManagementError } from '../../errors.js'
import type { KeyState } from '../../store/records.js'
import type { Origin } from '../context/origin.js'
import type { NewKey } from './create-key.js'
import type { DatedKey, KeyRing } from './key-ring.js'
import type { KeyRings, RingChange } from './key-rings.js'
import type { MakeKey, Rotation } from './rotation.js'

/** How often a change is tried again that lost against another one, before the caller is asked to come back. */
const ATTEMPTS = 100

/** A key as it is shown: no part of the key itself. */
export interface ManagedKey {
  kid: string
  state: KeyState
  created_at: Date
  published_at: Date
  /** null: it has not signed yet. */
  activated_at: Date | null
  /** null: it signs, or will. */
  retired_at: Date | null
}

/** What is done to the signing keys of an account on demand. Each change is one compare-and-set; `origin` says for whom. */
export interface KeyManagement {
  /** The keys as the store has them: `current`, `next`, then the `previous` ones, the last retired first. */
  list(account: string): Promise<ManagedKey[]>
  /**
   * @param force also where `next` was published less than 10 minutes ago
   * @throws ManagementError `too_early` with `Retry-After`, also where the ring is full; `unavailable`
   */
  rotate(account: string, options: { force: boolean; origin: Origin }): Promise<ManagedKey[]>
  /**
   * Takes a key out at once: what it has signed is not accepted any more.
   * @param replace also the key that signs: `next` takes its place
   * @returns false: there is no such key
   * @throws ManagementError `key_in_use`, `unavailable`
   */
  remove(account: string, kid: string, options: { replace: boolean; origin: Origin }): Promise<boolean>
}

export function createKeyManagement({
  rings,
  rotation,
  onChange,
}: {
  rings: KeyRings
  rotation: Rotation
  onChange: (ring: KeyRing) => void
}): KeyManagement {
  /** A change that lost against another one is tried again on what stands then. @param alter gives null: nothing to do */
  async function change(
    account: string,
    origin: Origin,
    alter: (ring: KeyRing, next: DatedKey, makeKey: MakeKey) => Promise<RingChange> | null,
  ): Promise<KeyRing | null> {
    let made: Promise<NewKey> | undefined
    const makeKey = (): Promise<NewKey> => {
      made ??= rings.createKey(account)
      return made
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const ring = await rings.read(account)
      if (ring.next === undefined) {
        await rings.write(ring, await rotation.complete(ring, () => rings.createKey(account)))
        continue
      }
      const altered = alter(ring, ring.next, makeKey)
      if (altered === null) return null
      const { keys, events } = await altered
      const stored = await rings.write(ring, { keys, events: events.map(event => ({ ...event, ...origin })) })
      if (stored === null) continue
      onChange(stored)
      return stored
    }
    throw new ManagementError('unavailable', 'The resource is being changed by many.', {
      headers: { 'Retry-After': '1' },
    })
  }

  return {
    list: async account => showRing(await rings.read(account)),
    async rotate(account, { force, origin }) {
      const rotated = await change(account, origin, (ring, next, makeKey) => {
        assertTime(rotation.untilRoom(ring), 'The ring is full: a key must leave it first.')
        if (!force) assertTime(rotation.untilSettled(next), 'The next key was published less than 10 minutes ago.')
        return rotation.rotate(ring, next, makeKey, 'call')
      })
      return rotated === null ? [] : showRing(rotated)
    },
    async remove(account, kid, { replace, origin }) {
      const removed = await change(account, origin, (ring, next, makeKey) => {
        const key = ring.record.keys.find(one => one.kid === kid)
        if (key === undefined) return null
        if (key.state !== 'current' || replace) return rotation.remove(ring, next, key, makeKey)
        throw new ManagementError(
          'key_in_use',
          'The key signs: only with replace=true does the next one take its place.',
        )
      })
      return removed !== null
    },
  }
}

/** @param left milliseconds */
function assertTime(left: number, message: string): void {
  if (left <= 0) return
  throw new ManagementError('too_early', message, { headers: { 'Retry-After': String(Math.ceil(left / 1000)) } })
}

function showRing({ record: { keys } }: KeyRing): ManagedKey[] {
  return keys.map(({ kid, state, created_at, published_at, activated_at = null, retired_at = null }) => ({
    ...{ kid, state, created_at, published_at, activated_at, retired_at },
  }))
}
