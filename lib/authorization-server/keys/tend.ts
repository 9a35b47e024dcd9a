import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import type { Emit } from '../context/events.js'
import type { NewKey } from './create-key.js'
import type { DatedKey, KeyRing } from './key-ring.js'
import type { KeyRings, RingChange } from './key-rings.js'
import type { Rotation } from './rotation.js'

/** Does by itself what is due on a ring that was read. */
export type Tend = (ring: KeyRing) => Promise<KeyRing>

/**
 * Makes what is done to a ring by itself: times that are ahead of the clock are set right, a missing `next` is made, a
 * `current` that is older than `maxAge` is rotated once its `next` has been published long enough, and keys that are gone are
 * taken out of the store. Where that fails the ring is used as it is, and one event says so until the ring has changed; it is
 * tried again whenever the ring is read.
 *
 * @param maxAge milliseconds; Infinity: never
 */
export function createTend({
  rings,
  rotation,
  maxAge,
  clock,
  emit,
}: {
  rings: KeyRings
  rotation: Rotation
  maxAge: number
  clock: Clock
  emit: Emit
}): Tend {
  /** The rings of the accounts about which somebody was told. */
  const failed = new LRUCache<string, string>({ max: 10_000 })

  const isOld = ({ activated_at, created_at }: DatedKey): boolean =>
    clock.now() - (activated_at ?? created_at).getTime() >= maxAge

  function findDue(ring: KeyRing): (() => Promise<RingChange>) | undefined {
    const { current, next, gone, record } = ring
    const makeKey = (): Promise<NewKey> => rings.createKey(record.account)
    if (rotation.isAhead(ring)) return async () => rotation.setRight(ring)
    if (next === undefined) return () => rotation.complete(ring, makeKey)
    if (isOld(current) && rotation.untilSettled(next) <= 0 && rotation.untilRoom(ring) <= 0) {
      return () => rotation.rotate(ring, next, makeKey, 'age')
    }
    return gone.length === 0 ? undefined : async () => ({ keys: record.keys, events: [] })
  }

  return async function tend(ring) {
    const due = findDue(ring)
    if (due === undefined) return ring
    const { account } = ring.record
    try {
      return (await rings.write(ring, await due())) ?? (await rings.read(account))
    } catch (cause) {
      if (failed.get(account) !== ring.identity) emit({ type: 'server.error', account, cause })
      failed.set(account, ring.identity)
      return ring
    }
  }
}
