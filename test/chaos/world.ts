import type { Verifier } from '../../lib/resource-server/index.js'
import { InvalidTokenError } from '../../lib/errors.js'
import { type Answer, ask, type Question, Unanswered } from './http.js'
import { Ledger } from './ledger.js'
import type { Target } from './target.js'

export interface Credentials {
  id: string
  secret: string
}

/** What a request is for, in the report. */
export interface Operation extends Question {
  kind: string
  /** The statuses that are deserved, besides 429 and 503. */
  expects: readonly number[]
}

/** How long it took after a fault was mended until each process answered each kind of request with 2xx, in milliseconds. */
export type Recovery = Map<string, number>

/** What stands in a `Recovery`. */
export const recoveryKey = (kind: string, { name }: Target): string => `${kind} @${name}`

/** Everything that the load runs against, and what is known of it. */
export class World {
  readonly ledger = new Ledger()
  readonly targets: readonly Target[]
  verifier: Verifier
  /** By `performance.now()`. */
  rotatedAt = Number.NEGATIVE_INFINITY
  readonly pick: (below: number) => number
  /** Bearer token of the management client. */
  management = ''
  audience = ''
  /** The client whose refresh tokens are used. */
  web: Credentials = { id: '', secret: '' }
  /** How long answers took while the store was away, in milliseconds. */
  longest = 0
  isStoreAway = false
  readonly #createVerifier: () => Verifier
  #recovery: { since: number; first: Recovery } | undefined

  constructor(targets: readonly Target[], createVerifier: () => Verifier, pick: (below: number) => number) {
    this.targets = targets
    this.#createVerifier = createVerifier
    this.verifier = createVerifier()
    this.pick = pick
  }

  /** One that takes requests; undefined: none does now. */
  target(): Target | undefined {
    const open = this.targets.filter(({ accepts }) => accepts)
    return open[this.pick(open.length)]
  }

  /** From now on tokens are verified by the keys of this moment, and those that are fetched when one is unknown. */
  async loadKeys(): Promise<void> {
    const verifier = this.#createVerifier()
    await verifier.ready()
    this.verifier = verifier
  }

  /** Begins to note the first good answers. */
  mended(): Recovery {
    this.#recovery = { since: performance.now(), first: new Map() }
    return this.#recovery.first
  }

  /** @returns undefined: nobody knows whether it was done (503, 429, a connection that was cut) */
  async attempt(target: Target, { kind, expects, ...question }: Operation): Promise<Answer | undefined> {
    const begun = performance.now()
    const wasAway = this.isStoreAway
    const name = `${kind} ${question.method ?? 'GET'} ${question.path} @${target.name}`
    try {
      const answer = await ask(target.url, question, target.agent)
      const ms = performance.now() - begun
      this.ledger.note(`${name} → ${answer.status} in ${Math.round(ms)} ms`)
      if (wasAway || this.isStoreAway) this.longest = Math.max(this.longest, ms)
      return this.#judge(name, recoveryKey(kind, target), { answer, begun, expects })
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
      this.ledger.note(`${name} → ${error.message}`)
      if (!target.excuses(error, begun)) {
        const times = `begun at ${Math.round(begun)}, sent at ${Math.round(error.sentAt ?? Number.NaN)}`
        this.ledger.fault(`${name}: ${error.message}, ${times}; ${target.lastOutage}`)
      }
      return undefined
    }
  }

  #judge(
    name: string,
    key: string,
    { answer, begun, expects }: { answer: Answer; begun: number; expects: readonly number[] },
  ): Answer | undefined {
    const { status, headers, text } = answer
    if (status === 503 || status === 429) {
      if (headers['retry-after'] === undefined) this.ledger.fault(`${name}: ${status} without Retry-After`)
      return undefined
    }
    if (!expects.includes(status)) {
      this.ledger.fault(`${name}: ${status} ${text.slice(0, 300)}`)
      return undefined
    }
    const recovery = this.#recovery
    if (status < 300 && recovery !== undefined && begun >= recovery.since && !recovery.first.has(key)) {
      recovery.first.set(key, performance.now() - recovery.since)
    }
    return answer
  }

  /** Every token must be good to whoever has loaded the keys before. */
  async verify(token: string): Promise<void> {
    try {
      await this.verifier.verify(token)
    } catch (error) {
      // Keys that cannot be fetched now can be at the end, when all tokens are verified again.
      if (error instanceof InvalidTokenError) this.ledger.fault(`a token does not verify: ${error.detail}`)
    }
  }
}
