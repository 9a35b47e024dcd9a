/** What stands for every value beyond those that are counted by themselves. */
export const OTHER = 'other'

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Distinct values of a label, at most. */
const MAX_VALUES = 100

/** A request's method; those that nobody serves are one. */
export function methodLabel(method = ''): string {
  return METHODS.has(method) ? method : OTHER
}

/** `2xx` and so on; `aborted` where the connection broke off before the answer was sent. */
export function statusLabel({
  statusCode,
  writableFinished,
}: {
  statusCode: number
  writableFinished: boolean
}): string {
  return writableFinished ? `${Math.floor(statusCode / 100)}xx` : 'aborted'
}

/** Lets the first 100 values through that it is given; a host's own errors may have any code. */
export function boundedLabel(): (value: string) => string {
  const known = new Set<string>()
  return value => {
    if (known.size < MAX_VALUES) known.add(value)
    return known.has(value) ? value : OTHER
  }
}
