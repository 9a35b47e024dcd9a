import type { Clock } from '../../clock.js'
import type { ServerEvent } from '../context/events.js'
import type { NewKey } from './create-key.js'
import { type DatedKey, goneAt, type KeyRing } from './key-ring.js'
import type { RingChange } from './key-rings.js'
import type { OpenKey } from './open-ring.js'
import { addNext, notAhead, replaceCurrent, rotateKeys } from './ring-steps.js'

/** How long a key is published before it signs, in milliseconds: twice the cache life of the key set. */
const PUBLISHED_BEFORE = 600_000

/** How far the clocks of two processes may be apart, in milliseconds. */
const CLOCK_SKEW = 600_000

/** Keys of a ring at most, so that a ring has a bound whatever is forced. Guards read the first 200 of a key set. */
const MAX_KEYS = 100

/** Whether a change of a ring was asked for, or was due. */
export type ChangedBy = 'call' | 'age'

/** The steps of a ring: each gives what is to be written, and writes nothing. */
export interface Rotation {
  /** How long it is until `next` has been published for 10 minutes, in milliseconds; 0 or less: it has. */
  untilSettled(next: DatedKey): number
  /** How long it is until the ring has room for one more key, in milliseconds; 0 or less: it has. */
  untilRoom(ring: KeyRing): number
  /**
   * Has a clock that was ahead given times of the ring? Until they come nothing would be due by itself, nor `next` be old
   * enough, and keys would stay for as much longer.
   */
  isAhead(ring: KeyRing): boolean
  /** Sets such times to now: what they begin takes as long as ever from here on. */
  setRight(ring: KeyRing): RingChange
  /** Gives a ring of an earlier version its `next`. */
  complete(ring: KeyRing, makeKey: MakeKey): Promise<RingChange>
  rotate(ring: KeyRing, next: DatedKey, makeKey: MakeKey, by: ChangedBy): Promise<RingChange>
  /** Takes a key out; in place of `next` comes a new one, in place of `current` comes `next`. */
  remove(ring: KeyRing, next: DatedKey, key: DatedKey, makeKey: MakeKey): Promise<RingChange>
}

export type MakeKey = () => Promise<NewKey>

export function createRotation({ openKey, clock }: { openKey: OpenKey; clock: Clock }): Rotation {
  /**
   * Takes a step that needs a new key. The key that signs afterwards is opened first: a process that cannot open it must
   * neither make it the current one nor store a new key beside it that others might not be able to open.
   */
  async function step(
    { record: { account, keys } }: KeyRing,
    signing: DatedKey,
    makeKey: MakeKey,
    { take, events = [] }: { take: typeof rotateKeys; events?: readonly ServerEvent[] },
  ): Promise<RingChange> {
    await openKey(account, signing)
    const fresh = await makeKey()
    return {
      keys: take(keys, fresh, new Date(clock.now())),
      events: [...events, { type: 'key.created', account, kid: fresh.kid }],
    }
  }

  function rotated({ record: { account }, current }: KeyRing, { kid }: DatedKey, by: ChangedBy): ServerEvent {
    return { type: 'key.rotated', account, kid, previous: current.kid, by }
  }

  return {
    untilSettled: ({ published_at }) => published_at.getTime() + PUBLISHED_BEFORE - clock.now(),
    untilRoom({ record: { keys } }) {
      return keys.length < MAX_KEYS ? 0 : Math.min(...keys.map(goneAt)) - clock.now()
    },
    isAhead({ record: { keys } }) {
      const latest = clock.now() + CLOCK_SKEW
      const isLater = (time: Date | undefined): boolean => time !== undefined && time.getTime() > latest
      return keys.some(key => [key.published_at, key.activated_at, key.retired_at].some(isLater))
    },
    setRight: ({ record: { keys } }) => ({ keys: notAhead(keys, new Date(clock.now())), events: [] }),
    complete: (ring, makeKey) => step(ring, ring.current, makeKey, { take: addNext }),
    rotate(ring, next, makeKey, by) {
      return step(ring, next, makeKey, { take: rotateKeys, events: [rotated(ring, next, by)] })
    },
    async remove(ring, next, { kid, state }, makeKey) {
      const { account, keys } = ring.record
      const deleted: ServerEvent = { type: 'key.deleted', account, kid, state, by: 'call' }
      switch (state) {
        case 'previous':
          return { keys: keys.filter(key => key.kid !== kid), events: [deleted] }
        case 'next':
          return step(ring, ring.current, makeKey, { take: addNext, events: [deleted] })
        case 'current':
          return step(ring, next, makeKey, { take: replaceCurrent, events: [deleted, rotated(ring, next, 'call')] })
      }
    },
  }
}
