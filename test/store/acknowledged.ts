import { expect } from 'chai'
import type { Operator } from './operate.js'

const REFUSED = 'ERR_STORE_UNAVAILABLE the store could not be written'

/** What was said of each record that was inserted. */
export class Acknowledged {
  readonly written: string[] = []
  readonly refused: string[] = []
  readonly #folder: string
  #operator: Operator

  constructor(operator: Operator, folder: string) {
    this.#operator = operator
    this.#folder = folder
  }

  /** From now on another process is asked. */
  passTo(operator: Operator): void {
    this.#operator = operator
  }

  /** Inserts some at the same time. @returns how many were refused */
  async insert(count: number, bytes: number): Promise<number> {
    const first = this.written.length + this.refused.length
    const ids = Array.from({ length: count }, (_, i) => `r${first + i}`)
    const outcomes = await Promise.all(ids.map(id => this.#operator.do(this.#folder, `insert ${id} ${bytes}`)))
    for (const [i, id] of ids.entries()) {
      expect(outcomes[i]).to.be.oneOf(['ok', REFUSED])
      if (outcomes[i] === 'ok') this.written.push(id)
      else this.refused.push(id)
    }
    return outcomes.filter(outcome => outcome === REFUSED).length
  }

  /** What was acknowledged is there, and nothing else. */
  async check(): Promise<void> {
    for (const id of this.written) expect(await this.#operator.do(this.#folder, `get ${id}`), id).to.equal('ok')
    for (const id of this.refused) expect(await this.#operator.do(this.#folder, `get ${id}`), id).to.equal('absent')
  }
}
