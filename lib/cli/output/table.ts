import { formatCell, pad, type Row, widthOf } from './cells.js'

/** Columns of a cell on a terminal, at most; elsewhere nothing is cut. */
const LIMIT = 60

/** Formats rows page by page; the widths are those of the first page, so nothing has to be kept. */
export class Table {
  readonly #columns: readonly string[]
  readonly #limit: number
  #widths: readonly number[] | undefined

  constructor(columns: readonly string[], { isTerminal }: { isTerminal: boolean }) {
    this.#columns = columns
    this.#limit = isTerminal ? LIMIT : Number.POSITIVE_INFINITY
  }

  /** The lines of a page; the first one has the names of the columns above it. */
  format(rows: readonly Row[]): string {
    const cells = rows.map(row => this.#columns.map(name => formatCell(row[name])))
    const lines: readonly (readonly string[])[] =
      this.#widths === undefined ? [this.#columns.map(name => name.toUpperCase()), ...cells] : cells
    this.#widths ??= this.#columns.map((_name, at) =>
      Math.min(this.#limit, Math.max(...lines.map(line => widthOf(line[at] ?? '')))),
    )
    return lines.map(line => `${this.#formatLine(line)}\n`).join('')
  }

  #formatLine(cells: readonly string[]): string {
    return cells
      .map((cell, at) => pad(cell, this.#widths?.[at] ?? 0, this.#limit))
      .join('  ')
      .trimEnd()
  }
}

/** One record, a line for each of its members. */
export function formatRecord(record: Row): string {
  const names = Object.keys(record)
  const width = Math.max(0, ...names.map(name => widthOf(formatCell(name))))
  return names.map(name => `${pad(formatCell(name), width)}  ${formatCell(record[name])}`.trimEnd()).join('\n')
}
