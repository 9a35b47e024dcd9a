/** What became of a write: it was acknowledged, or nobody knows. */
export type Outcome = 'acknowledged' | 'unknown'

/** A record that was asked for under a name of its own. */
export interface Entry {
  id: string | undefined
  created: Outcome
  removed: Outcome | undefined
  secret: string
  /** Somebody works with it now. */
  busy: boolean
}

/** The refresh tokens of one sign-in, the oldest first: all that were ever given. */
export interface Family {
  tokens: string[]
  /** When the answer to a refresh was missed first, by `performance.now()`; undefined: the last one was answered. */
  missedAt: number | undefined
  isEnded: boolean
  busy: boolean
}

/** What an API's description may be: the last one that was acknowledged, or one after it of which nobody knows. */
export interface Description {
  id: string
  known: string
  maybe: Set<string>
  busy: boolean
}

/** Operations that are shown where something is wrong. */
const SHOWN = 400

/** Everything that was asked and promised. */
export class Ledger {
  readonly clients = new Map<string, Entry>()
  readonly descriptions: Description[] = []
  readonly families: Family[] = []
  readonly tokens: string[] = []
  readonly faults: string[] = []
  count = 0
  readonly #operations: string[] = []

  note(operation: string): void {
    this.count++
    this.#operations.push(`${Math.round(performance.now())} ${operation}`)
    if (this.#operations.length > SHOWN) this.#operations.shift()
  }

  fault(text: string): void {
    this.note(`FAULT ${text}`)
    this.faults.push(text)
  }

  /** Clients that are there for sure, and that nobody removes now. */
  living(): [name: string, entry: Entry][] {
    return [...this.clients].filter(
      ([, { created, removed, busy }]) => created === 'acknowledged' && removed === undefined && !busy,
    )
  }

  get operations(): string {
    return this.#operations.join('\n')
  }
}
