const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** A number as JSON writes it; null for anything else, and for one that is not finite. */
export function castNumber(text: string): number | null {
  if (!NUMBER.test(text)) return null
  const value = Number(text)
  return Number.isFinite(value) ? value : null
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

/**
 * A date (midnight UTC) or a date with time and zone, as ISO 8601 writes them; null for anything else,
 * and for a day that no calendar has.
 */
export function castDate(text: string): Date | null {
  const parts = DATE.exec(text)
  if (parts === null) return null
  const [year, month, day] = parts.slice(1, 4).map(Number)
  if (year === undefined || month === undefined || day === undefined) return null
  const midnight = new Date(Date.UTC(year, month - 1, day))
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return null
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? null : date
}
