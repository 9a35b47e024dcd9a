import type { Io } from '../io.js'
import type { Row } from './cells.js'
import { printable, printableJson } from './printable.js'
import { formatRecord } from './table.js'
import { tell, write } from './write.js'

/** Writes one record: as JSON, or a line for each of its members. */
export async function writeRecord(io: Io, record: Row, { json = false }: { json?: boolean }): Promise<void> {
  await write(io.stdout, `${json ? printableJson(record, 2) : formatRecord(record)}\n`)
}

/** The same, of a record whose secret is shown this once: to people on standard error, beside the record. */
export async function writeNewRecord(io: Io, record: Row, options: { json?: boolean }): Promise<void> {
  const { client_secret: secret, ...rest } = record
  if (options.json || secret === undefined) return writeRecord(io, record, options)
  await writeRecord(io, rest, options)
  await tell(io, `client_secret  ${printable(String(secret))}   (shown this once)`)
}
