import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LIB = fileURLToPath(new URL('../../lib/', import.meta.url))

/** Every source file, by its path in `lib`. */
export const sources: readonly { file: string; text: string }[] = readdirSync(LIB, {
  recursive: true,
  encoding: 'utf8',
})
  .filter(file => file.endsWith('.ts'))
  .map(file => ({ file, text: readFileSync(join(LIB, file), 'utf8') }))
