import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Megabytes of the heap that a run leaves in use. Whatever it gives is held until they are counted. */
export async function heapGrowth(run: () => Promise<unknown>): Promise<number> {
  collect()
  const before = process.memoryUsage().heapUsed
  const held = [await run()]
  await new Promise(resolve => setImmediate(resolve))
  collect()
  const grown = process.memoryUsage().heapUsed - before
  held.length = 0
  return grown / 1e6
}
