/** Freezes plain data all through, however deep it is. */
export function deepFreeze<T extends object>(value: T): T {
  const open: object[] = [value]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    // JSON has own members only, so the cheapest loop will do.
    for (const name in next) {
      const member = (next as Record<string, unknown>)[name]
      if (typeof member === 'object' && member !== null) open.push(member)
    }
    Object.freeze(next)
  }
  return value
}
