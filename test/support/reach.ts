import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const LIB = fileURLToPath(new URL('../../lib/', import.meta.url))

/** Every file and package that a file reaches, types left out, with the way to it. What is imported late is not reached. */
export function reach(file: string, way: string[] = [], seen = new Map<string, string[]>()): Map<string, string[]> {
  const source = readFileSync(join(LIB, file), 'utf8')
  const path = [...way, file]
  for (const [, isType, target = ''] of source.matchAll(/^(?:import|export)( type)?[^'"]*?from '([^']+)'/gm)) {
    if (isType !== undefined) continue
    const name = target.startsWith('.')
      ? relative(LIB, join(LIB, dirname(file), target)).replace(/\.(c?)js$/, '.$1ts')
      : target
    if (seen.has(name)) continue
    seen.set(name, path)
    if (target.startsWith('.')) reach(name, path, seen)
  }
  return seen
}
