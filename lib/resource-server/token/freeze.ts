/** Freezes plain data all through, however deep it is. */
export function deepFreeze<T extends object>(value: T): T {
  const open: object[] = [value]
  const note = (member: unknown): void => {
    if (typeof member === 'object' && member !== null) open.push(member)
  }
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    // JSON has own members only, so the cheapest loops will do.
    if (Array.isArray(next)) for (const entry of next) note(entry)
    else for (const name in next) note((next as Record<string, unknown>)[name])
    Object.freeze(next)
  }
  return value
}
