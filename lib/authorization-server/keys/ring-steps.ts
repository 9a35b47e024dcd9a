import type { NewKey } from './create-key.js'
import type { DatedKey } from './key-ring.js'

/** The keys of a new ring. */
export function firstKeys(current: NewKey, next: NewKey, now: Date): DatedKey[] {
  return [{ ...publish(current, now), state: 'current', activated_at: now }, publish(next, now)]
}

/** The ring of an earlier version gets the key that it lacks. */
export function addNext(keys: readonly DatedKey[], fresh: NewKey, now: Date): DatedKey[] {
  return [...inState(keys, 'current'), publish(fresh, now), ...inState(keys, 'previous')]
}

/** `next` signs from now on; the key that did is published on as `previous`. */
export function rotateKeys(keys: readonly DatedKey[], fresh: NewKey, now: Date): DatedKey[] {
  const retired = inState(keys, 'current').map(key => ({ ...key, state: 'previous' as const, retired_at: now }))
  return [...activateNext(keys, now), publish(fresh, now), ...retired, ...inState(keys, 'previous')]
}

/** The key that signs goes at once: `next` takes its place. */
export function replaceCurrent(keys: readonly DatedKey[], fresh: NewKey, now: Date): DatedKey[] {
  return [...activateNext(keys, now), publish(fresh, now), ...inState(keys, 'previous')]
}

/** Times that are ahead of the clock become its own: a clock that was ahead itself has given them, and was set right. */
export function notAhead(keys: readonly DatedKey[], now: Date): DatedKey[] {
  const earlier = (time: Date): Date => (time > now ? now : time)
  return keys.map(({ published_at, activated_at, retired_at, ...key }) => ({
    ...key,
    published_at: earlier(published_at),
    ...(activated_at !== undefined && { activated_at: earlier(activated_at) }),
    ...(retired_at !== undefined && { retired_at: earlier(retired_at) }),
  }))
}

function inState(keys: readonly DatedKey[], wanted: DatedKey['state']): DatedKey[] {
  return keys.filter(({ state }) => state === wanted)
}

function activateNext(keys: readonly DatedKey[], now: Date): DatedKey[] {
  return inState(keys, 'next').map(key => ({ ...key, state: 'current' as const, activated_at: now }))
}

function publish(key: NewKey, now: Date): DatedKey {
  return { ...key, state: 'next', published_at: now }
}
