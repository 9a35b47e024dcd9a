import { UsageError } from '../faults.js'

/**
 * Reads `--set token_lifetime=3600`: a value that is JSON means that, any other is a text; a dot leads into an object.
 * @throws UsageError
 */
export function readAssignments(texts: readonly string[]): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  for (const text of texts) assign(body, text)
  return body
}

function assign(body: Record<string, unknown>, text: string): void {
  const at = text.indexOf('=')
  const names = text.slice(0, Math.max(at, 0)).split('.')
  const last = names.pop() ?? ''
  if (![...names, last].every(isName)) throw new UsageError('--set must be NAME=VALUE, or NAME.MEMBER=VALUE')
  let place = body
  for (const name of names) {
    const inner = Object.hasOwn(place, name) ? place[name] : {}
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) throw twice()
    place[name] = inner
    place = inner as Record<string, unknown>
  }
  if (Object.hasOwn(place, last)) throw twice()
  place[last] = readValue(text.slice(at + 1))
}

const isName = (name: string): boolean => /^[A-Za-z]\w{0,63}$/.test(name)

function twice(): UsageError {
  return new UsageError('--set must not give a member twice')
}

function readValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? text : value
  } catch {
    return text
  }
}
