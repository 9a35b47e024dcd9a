import { type Document, decode, encode } from './messages.js'

interface Latest {
  number: string
  answer: Promise<Buffer>
}

/**
 * What the members of a replica set know of writes that a client may send again (`lsid` and `txnNumber`): a repeated one
 * is answered as the first, by whichever member. A real set keeps this in `config.transactions`, per statement: there a
 * statement that was refused is tried again, and what a majority did not have may be rolled back with its write. Here
 * both stand once they were answered.
 */
export class RetryableWrites {
  readonly #latest = new Map<string, Latest>()
  /** Writes that were sent again, and were not made again. */
  repeats = 0

  /** Has the write been made, or is it being made? Two at once are one. */
  recall(command: Document): Promise<Buffer> | undefined {
    const latest = this.#latest.get(sessionOf(command))
    if (!isRetryable(command) || latest?.number !== String(command['txnNumber'])) return undefined
    this.repeats++
    return latest.answer
  }

  /** Makes the write, unless it was made. A session has one write at a time, so the latest is enough. */
  once(command: Document, write: () => Promise<Buffer>): Promise<Buffer> {
    const known = this.recall(command)
    if (known !== undefined) return known
    const answer = write()
    if (!isRetryable(command)) return answer
    const session = sessionOf(command)
    const latest = { number: String(command['txnNumber']), answer }
    this.#latest.set(session, latest)
    const forget = (): void => {
      if (this.#latest.get(session) === latest) this.#latest.delete(session)
    }
    // What failed as a whole was not made.
    answer.then(bytes => !isOk(bytes) && forget(), forget)
    return answer
  }
}

/** A server tells the driver itself which failures it may try again, by a label, from version 4.4 on. */
export const isRetryable = (command: Document): boolean => command['txnNumber'] !== undefined

const sessionOf = ({ lsid }: Document): string =>
  lsid === undefined ? '' : encode(lsid as Document).toString('base64')

export const isOk = (bytes: Buffer): boolean => Number(decode(bytes)['ok']) === 1
