import { promisify } from 'node:util'
import type { Filter } from '../../query/tree.js'
import { setImmediate } from '../../timers.js'
import { PageBuilder } from '../page.js'
import type { FindOptions, Page, Position, StoredRecord } from '../port.js'
import { match } from './match.js'
import type { Table } from './table.js'

/** How long rows are looked at before other requests have their turn, in milliseconds. */
const SLICE = 4

const nextTurn = promisify(setImmediate)

/**
 * Looks for the rows of one page, a slice of time in each turn.
 * @param rows gives the rows behind a position, newest first, within the turn
 */
export async function collectPage<T extends StoredRecord>(
  table: Table<T>,
  rows: (after: Position | undefined) => Iterable<T>,
  { filter, limit, after }: FindOptions & { filter: Filter },
): Promise<Page<T>> {
  const page = new PageBuilder<T>(limit)
  let from = after

  /** @returns the page, where it ends */
  function look(): Page<T> | undefined {
    const endsAt = performance.now() + SLICE
    let isFirst = true
    for (const row of rows(from)) {
      if (page.isExhausted) return page.unfinished()
      if (!isFirst && performance.now() >= endsAt) return undefined
      isFirst = false
      const fits = table.isLive(row) && match(filter, row, table.kind.text)
      if (page.endsBefore(row, fits)) return page.unfinished()
      from = row
    }
    return page.finished()
  }

  for (;;) {
    const found = table.read(look)
    if (found !== undefined) return found
    await nextTurn()
  }
}
