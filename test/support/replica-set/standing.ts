import { EventEmitter, once } from 'node:events'
import mongoose from 'mongoose'
import type { Document } from './messages.js'

const { BSON } = mongoose.mongo

/** What a member is in its set, and who is to hear of a change at once. */
export class Standing {
  readonly #events = new EventEmitter().setMaxListeners(0)
  readonly #isAwaitable: boolean
  #processId = new BSON.ObjectId()
  #changes = 1
  #term: number | undefined

  /** @param isAwaitable members tell of a change at once, as from version 4.4 on; else they are asked at intervals */
  constructor(isAwaitable: boolean) {
    this.#isAwaitable = isAwaitable
  }

  get isPrimary(): boolean {
    return this.#term !== undefined
  }

  /** @param term the election that it has won; undefined: it is a secondary */
  set(term: number | undefined): void {
    this.#term = term
    this.change()
  }

  /** Something else that it says of the set is new. */
  change(): void {
    this.#changes++
    this.#events.emit('change')
  }

  /** Its process is another one. */
  restart(): void {
    this.#processId = new BSON.ObjectId()
  }

  /** The members of an answer to `hello` that are its own. */
  describe(address: string): Document {
    return {
      ...{ isWritablePrimary: this.isPrimary, ismaster: this.isPrimary, secondary: !this.isPrimary, me: address },
      ...(this.#term !== undefined && { primary: address, electionId: electionId(this.#term) }),
      ...this.version(),
    }
  }

  /** Stands in the answer to `hello` and in every failure: by it a client knows which of two it has heard is the newer. */
  version(): Document {
    if (!this.#isAwaitable) return {}
    return { topologyVersion: { processId: this.#processId, counter: BSON.Long.fromNumber(this.#changes) } }
  }

  /** Resolves when something is other than a client knows, or after so many milliseconds. */
  async news({ processId, counter }: Document, longest: number): Promise<void> {
    if (String(processId) !== String(this.#processId) || Number(counter) !== this.#changes) return
    await once(this.#events, 'change', { signal: AbortSignal.timeout(longest) }).catch(() => undefined)
  }
}

/** They rise, as those of real servers do: `7fffffff` and the term. */
const electionId = (term: number) => new BSON.ObjectId(`7fffffff${term.toString(16).padStart(16, '0')}`)
