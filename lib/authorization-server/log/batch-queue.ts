import { clearTimeout, setTimeout } from '../../timers.js'

/** Entries that wait at most; what comes beyond them is dropped. */
const MAX_QUEUED = 10_000
/** Bytes of those, about. */
const MAX_BYTES = 16 * 1024 * 1024
/** Entries that are written at once: others have their turn at the store, and at the processor, in between. */
const BATCH = 200
/** How long the first entry waits for others, in milliseconds. */
const DELAY = 200
/** How long the queue waits after a write that failed, in milliseconds. */
const PAUSE = 1_000
/** Writes after which drops are told of at the latest: the queue may never catch up, and the store refuse every write. */
const MAX_UNTOLD = 100

/** Writes what it is given in batches, in the background. One write is in flight at a time. */
export interface BatchQueue<T> {
  /** Takes an entry, or drops it. Neither waits nor throws. @returns whether it was taken */
  add(entry: T): boolean
  /** Entries that wait. */
  readonly length: number
  /** Entries that were dropped since the start: the queue was full, or they could not be written. */
  readonly dropped: number
  /** Has the last write failed? */
  readonly isFailing: boolean
  /** Resolves when what was taken until now is written, or a write has failed. Never rejects. */
  settled(): Promise<void>
  /** Writes what waits, as long as writes succeed. What is added from now on is dropped. Never rejects. */
  close(): Promise<void>
}

export interface BatchQueueOptions<T> {
  write(batch: readonly T[]): Promise<unknown>
  /**
   * Told how many entries were dropped, once the queue has caught up, or 100 writes later.
   * @param cause why the last write failed, if one did
   */
  onDropped(count: number, cause: unknown): void
}

export function createBatchQueue<T extends { size: number }>({
  write,
  onDropped,
}: BatchQueueOptions<T>): BatchQueue<T> {
  const waiting: T[] = []
  let bytes = 0
  let taken = 0
  let gone = 0
  let dropped = 0
  let reported = 0
  /** Writes since an entry was dropped that nobody was told of. */
  let untold = 0
  let cause: unknown
  let timer: ReturnType<typeof setTimeout> | undefined
  let writing: Promise<boolean> | undefined
  let isFailing = false
  let isClosed = false

  function schedule(delay: number): void {
    if (timer !== undefined || isClosed || waiting.length === 0) return
    timer = setTimeout(writeInBackground, delay)
    timer.unref()
  }

  /** Never rejects, and nobody waits for it. */
  async function writeInBackground(): Promise<void> {
    timer = undefined
    const isWritten = await writeUntil(taken)
    schedule(isWritten ? DELAY : PAUSE)
  }

  /** @param goal how many of those that were taken shall be gone. @returns false: a write has failed */
  async function writeUntil(goal: number): Promise<boolean> {
    while (gone < goal) {
      writing ??= writeNext()
      if (!(await writing)) return false
    }
    return true
  }

  async function writeNext(): Promise<boolean> {
    const batch = waiting.splice(0, BATCH)
    for (const { size } of batch) bytes -= size
    try {
      await write(batch)
      isFailing = false
      if (waiting.length === 0) report()
      reportAtLast()
      return true
    } catch (error) {
      cause = error
      isFailing = true
      dropped += batch.length
      reportAtLast()
      return false
    } finally {
      gone += batch.length
      writing = undefined
    }
  }

  function reportAtLast(): void {
    if (dropped > reported && ++untold >= MAX_UNTOLD) report()
  }

  function report(): void {
    const count = dropped - reported
    reported = dropped
    untold = 0
    if (count > 0) onDropped(count, cause)
    cause = undefined
  }

  return {
    add(entry) {
      if (isClosed || waiting.length >= MAX_QUEUED || bytes + entry.size > MAX_BYTES) {
        dropped++
        return false
      }
      waiting.push(entry)
      bytes += entry.size
      taken++
      schedule(DELAY)
      return true
    },
    get length() {
      return waiting.length
    },
    get dropped() {
      return dropped
    },
    get isFailing() {
      return isFailing
    },
    async settled() {
      await writeUntil(taken)
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      await writeUntil(taken)
      dropped += waiting.splice(0).length
      report()
    },
  }
}
