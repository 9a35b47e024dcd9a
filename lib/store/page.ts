import type { Page, Position, StoredRecord } from './port.js'
import { sizeOf } from './size.js'

/** Bytes of the records of one page, at most, about. The first record always fits. */
const PAGE_BYTES = 2_000_000

/** Rows that are looked at for one page, at most. */
export const SCAN_ROWS = 5_000

/** Bytes of those rows, at most, about. */
const SCAN_BYTES = 32_000_000

/** Collects one page, and says when it ends: full, too large, or enough looked at. */
export class PageBuilder<T extends StoredRecord> {
  readonly #limit: number
  readonly #records: T[] = []
  #bytes = 0
  #rows = 0
  #rowBytes = 0
  #last: Position | null = null

  /** @param limit records, at most */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Looks at the next row.
   * @param fits does it fulfil the filter?
   * @returns does the page end before this row?
   */
  endsBefore(row: T, fits: boolean): boolean {
    const bytes = sizeOf(row)
    this.#rowBytes += bytes
    if (fits) {
      const isFull = this.#records.length === this.#limit || this.#bytes + bytes > PAGE_BYTES
      if (isFull && this.#records.length > 0) return true
      this.#records.push(row)
      this.#bytes += bytes
    }
    this.#last = { createdAt: row.createdAt, id: row.id }
    this.#rows++
    return false
  }

  /** Was enough looked at? */
  get isExhausted(): boolean {
    return this.#rows >= SCAN_ROWS || this.#rowBytes >= SCAN_BYTES
  }

  /** The page, after which the walk goes on. */
  unfinished(): Page<T> {
    return { records: this.#records, next: this.#last }
  }

  /** The page, after which there is nothing. */
  finished(): Page<T> {
    return { records: this.#records, next: null }
  }
}
