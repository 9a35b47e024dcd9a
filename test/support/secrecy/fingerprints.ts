/** Of the slots, how many may be taken: beyond that, looking one up takes long. */
const LOAD = 0.8

/**
 * A map from hashes of texts to a number. It has one size from the start, outside of the heap: what a test sees of its own
 * memory does not depend on how much the run has said before.
 */
export class Fingerprints {
  readonly #hashes: Float64Array
  readonly #marks: Uint32Array
  readonly #mask: number
  size = 0

  /** @param bits there are 2 to the power of this many slots, each of 12 bytes */
  constructor(bits: number) {
    this.#hashes = new Float64Array(2 ** bits)
    this.#marks = new Uint32Array(2 ** bits)
    this.#mask = 2 ** bits - 1
  }

  /** The first mark of a hash stays. @returns whether the hash is new */
  add(hash: number, mark: number): boolean {
    const slot = this.#slotOf(hash)
    if (this.#hashes[slot] === hash) return false
    if (this.size + 1 > LOAD * (this.#mask + 1)) throw new Error('more texts than there are slots for: add a bit')
    this.#hashes[slot] = hash
    this.#marks[slot] = mark
    this.size++
    return true
  }

  markOf(hash: number): number | undefined {
    const slot = this.#slotOf(hash)
    return this.#hashes[slot] === hash ? this.#marks[slot] : undefined
  }

  /** Where it is, or would be. */
  #slotOf(hash: number): number {
    let slot = hash & this.#mask
    while (this.#hashes[slot] !== 0 && this.#hashes[slot] !== hash) slot = (slot + 1) & this.#mask
    return slot
  }
}

/** 53 bits, never 0. Not for adversaries: among a million texts two share one once in ten thousand runs. */
export function hashOf(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 4294967296 * (high & 0x1fffff) + (low >>> 0) || 1
}
