import anyAscii from 'any-ascii'

const MAX_LENGTH = 100

/** Longest tail a derived slug gets, `-` and digits. */
const TAIL = 8

/** A name as `[a-z0-9-]`, transliterated; empty where nothing of it can be. */
export function deriveSlug(name: string): string {
  return anyAscii(name.normalize('NFKC'))
    .toLowerCase()
    .replace(/['’`]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_LENGTH - TAIL)
    .replace(/^-+|-+$/g, '')
}

/** The slugs of one name, in order: `internal-api`, `internal-api-2`, `internal-api-3`… @param number 1 or more */
export function numberedSlug(stem: string, number: number): string {
  return number === 1 ? stem : `${stem}-${number}`
}

/**
 * A number whose slug is free while the one before it is taken, in a few steps: those of a doubling stride, then those of
 * halving it.
 *
 * @param taken a number that is taken
 */
export async function nextFreeNumber(
  stem: string,
  taken: number,
  isTaken: (slug: string) => Promise<boolean>,
): Promise<number> {
  let low = taken
  let high = taken + 1
  for (let stride = 2; await isTaken(numberedSlug(stem, high)); stride *= 2) {
    low = high
    high += stride
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (await isTaken(numberedSlug(stem, middle))) low = middle
    else high = middle
  }
  return high
}
