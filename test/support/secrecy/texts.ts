import { inspect } from 'node:util'

/** How deep a thing is looked into. */
const DEPTH = 8

/** Every text in a thing, and what a console would show of those that are no plain data: errors and their causes. */
export function textOf(thing: unknown): string {
  const found: string[] = []
  try {
    collect(thing, found, DEPTH)
  } catch {
    // What throws when it is looked at cannot be logged either.
  }
  return found.join('\n')
}

function collect(thing: unknown, found: string[], depth: number): void {
  if (typeof thing === 'string') found.push(thing)
  if (typeof thing !== 'object' || thing === null || depth === 0) return
  if (Array.isArray(thing)) for (const element of thing) collect(element, found, depth - 1)
  else if (isPlain(thing)) for (const [name, member] of Object.entries(thing)) collectMember(name, member, found, depth)
  else if (!(thing instanceof Date)) found.push(inspect(thing, { depth: DEPTH, maxStringLength: 100_000 }))
}

function collectMember(name: string, member: unknown, found: string[], depth: number): void {
  found.push(name)
  collect(member, found, depth - 1)
}

function isPlain(thing: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(thing)
  return prototype === Object.prototype || prototype === null
}
