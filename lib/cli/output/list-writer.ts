import { UsageError } from '../faults.js'
import type { Io } from '../io.js'
import type { Row } from './cells.js'
import { printableJson } from './printable.js'
import { Table } from './table.js'
import { tell, write } from './write.js'

/** How output is wanted: one JSON document, a JSON line for each record, or else a table for people. */
export interface Format {
  json?: boolean
  jsonl?: boolean
}

/** Writes a list as its pages come: nothing is kept, and the next page waits until this one is written. */
export class ListWriter {
  readonly #io: Io
  readonly #format: Format
  readonly #table: Table
  #count = 0

  /** @throws UsageError two formats */
  constructor(io: Io, columns: readonly string[], format: Format) {
    if (format.json && format.jsonl) throw new UsageError('--json and --jsonl must not be given together')
    this.#io = io
    this.#format = format
    this.#table = new Table(columns, { isTerminal: io.stdout.isTTY === true })
  }

  async write(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return
    await write(this.#io.stdout, this.#formatRows(rows))
    this.#count += rows.length
  }

  #formatRows(rows: readonly Row[]): string {
    if (this.#format.jsonl) return rows.map(row => `${printableJson(row)}\n`).join('')
    if (!this.#format.json) return this.#table.format(rows)
    const start = this.#count === 0 ? '{ "results": [\n' : ',\n'
    return start + rows.map(row => printableJson(row)).join(',\n')
  }

  /** What follows the last row. A list that broke off has none of it, and so is no JSON document. */
  async end(): Promise<void> {
    if (this.#format.json) await write(this.#io.stdout, this.#count === 0 ? '{ "results": [] }\n' : '\n] }\n')
    else if (!this.#format.jsonl && this.#count === 0) await tell(this.#io, 'nothing found')
  }
}
