import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/**
 * Megabytes of memory that a run leaves in use: of the heap, or of the buffers. Whatever it gives is held until they are
 * counted.
 */
export async function heapGrowth(
  run: () => Promise<unknown>,
  where: 'heapUsed' | 'arrayBuffers' = 'heapUsed',
): Promise<number> {
  collect()
  const before = process.memoryUsage()[where]
  const held = [await run()]
  // What a collection frees of buffers is given back behind it.
  for (let i = 0; i < 3; i++) {
    await new Promise(resolve => setImmediate(resolve))
    collect()
  }
  const grown = process.memoryUsage()[where] - before
  held.length = 0
  return grown / 1e6
}
