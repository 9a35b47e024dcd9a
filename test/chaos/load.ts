import { setTimeout } from 'node:timers/promises'
import { doSomething } from './operations.js'
import type { World } from './world.js'

const WORKERS = 6
/** Between two operations of a worker, in milliseconds. */
const PAUSE = 15
/** Operations in all. */
const MAX_OPERATIONS = 200_000

/** Mixed requests, some at once, until it is stopped. */
export function startLoad(world: World): { stop(): Promise<void> } {
  let isRunning = true

  async function work(): Promise<void> {
    while (isRunning && world.ledger.count < MAX_OPERATIONS) {
      await doSomething(world)
      await setTimeout(PAUSE)
    }
  }

  const workers = Promise.all(Array.from({ length: WORKERS }, work))
  // Whoever stops it hears of a fault of its own.
  workers.catch(() => undefined)
  return {
    async stop() {
      isRunning = false
      await workers
    },
  }
}
