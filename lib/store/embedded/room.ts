import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'

/** What one transaction changes, about. */
export interface Growth {
  /** How many records. */
  records: number
  /** How long they are, in bytes. */
  bytes: number
}

/** What a removal changes. It gives back what it takes: also where there is hardly any room, it makes some. */
export const REMOVAL: Growth = { records: 0, bytes: 0 }

/** Pages that a transaction takes besides those of its records, most of which it gives back: those on the way to them. */
const PAGES = 32
const PAGES_PER_RECORD = 2

/** Zeros that are written at once, and the longest room that is made, in bytes. */
const CHUNK = 65_536
const MAX_ROOM = 16 * 1024 * 1024

const ZEROS = Buffer.alloc(CHUNK)

/**
 * Makes room for a transaction at the end of LMDB's file. LMDB does not survive each write for which there is none: this
 * says so before. The file is open for as long as LMDB has it: what becomes of its modes concerns neither.
 */
export class Room {
  readonly #descriptor: number
  /** Bytes that the file is known to have: it never becomes shorter while LMDB has it open. */
  #size = 0

  /** @throws an error of the system's */
  constructor(path: string) {
    this.#descriptor = openSync(path, 'r+')
  }

  /**
   * @param used the bytes of the file that LMDB uses
   * @throws an error of the system's: there is no room
   */
  make(used: number, { records, bytes }: Growth, pageSize: number): void {
    const room = Math.min(2 * bytes + pageSize * (PAGES + PAGES_PER_RECORD * records), MAX_ROOM)
    if (this.#size >= used + room) return
    const { size } = fstatSync(this.#descriptor)
    this.#size = size
    if (size >= used + room) return
    const end = Math.ceil((used + room) / CHUNK) * CHUNK
    for (let at = size; at < end; ) at += writeSync(this.#descriptor, ZEROS, 0, Math.min(CHUNK, end - at), at)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
