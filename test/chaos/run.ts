import { setTimeout } from 'node:timers/promises'
import { random } from '../support/random.js'
import { startLoad } from './load.js'
import { WORK } from './operations.js'
import type { Target } from './target.js'
import { type Recovery, recoveryKey, type World } from './world.js'

/** How long the faults are repeated, in seconds; 0: each comes once. */
export const SECONDS = Number(process.env['CHAOS_SECONDS'] ?? 0)

const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000_000)

export const picker = (): ((below: number) => number) => random(SEED)

/** What docs/operations.md promises, in milliseconds. A short run shares its machine with other tests, and only says what it took. */
export const LIMITS = SECONDS > 0 ? { answer: 2_000, recovery: 5_000 } : { answer: 20_000, recovery: 60_000 }

export const pause = (ms: number): Promise<void> => setTimeout(ms)

/** Repeats a round of faults under load; where something is wrong, prints the seed and the last operations. */
export async function underLoad(
  world: World,
  round: (measure: (what: string) => Promise<void>) => Promise<void>,
  check: () => Promise<void>,
): Promise<void> {
  const load = startLoad(world)
  try {
    const endsAt = performance.now() + SECONDS * 1000
    do await round(what => measureRecovery(world, what))
    while (performance.now() < endsAt)
    await load.stop()
    await check()
    report(world)
  } catch (error) {
    const logged = world.targets.flatMap(({ faults }) => faults)
    console.error([`CHAOS_SEED=${SEED}`, world.ledger.operations, ...world.ledger.faults, ...logged].join('\n'))
    throw error
  } finally {
    await load.stop()
  }
}

/** Asks every process for every kind of request until it was answered with 2xx. */
async function measureRecovery(world: World, what: string): Promise<void> {
  world.isStoreAway = false
  const first: Recovery = world.mended()
  const begun = performance.now()
  const untilGood = async (target: Target, kind: string): Promise<void> => {
    const key = recoveryKey(kind, target)
    while (!first.has(key)) {
      if (performance.now() - begun > LIMITS.recovery) throw new Error(`${what}: no good answer yet: ${key}`)
      await WORK[kind]?.(world, target)
      await pause(20)
    }
  }
  const targets = world.targets.filter(({ accepts }) => accepts)
  await Promise.all(targets.flatMap(target => Object.keys(WORK).map(kind => untilGood(target, kind))))
  const times = [...first].sort(([, a], [, b]) => a - b).map(([kind, ms]) => `${kind} ${Math.round(ms)}`)
  console.log(`      ${what}: first good answers after (ms): ${times.join(', ')}`)
}

function report({ ledger, longest }: World): void {
  const { count, tokens, clients } = ledger
  console.log(`      ${count} operations, ${tokens.length} tokens, ${clients.size} clients`)
  console.log(`      longest answer while the store was away: ${Math.round(longest)} ms`)
  if (longest > LIMITS.answer) throw new Error(`an answer took ${Math.round(longest)} ms while the store was away`)
}
