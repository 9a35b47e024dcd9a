import type { Io } from '../io.js'
import type { Row } from '../output/cells.js'
import { printable } from '../output/printable.js'
import { writeRecord } from '../output/record.js'
import { Table } from '../output/table.js'
import { write } from '../output/write.js'
import type { ConnectionOptions } from '../remote/connection.js'
import { idInPath, openManagement, readRecord } from '../remote/management.js'

export interface PreviewOptions extends ConnectionOptions {
  client: string
  scope?: string
  grantType?: string
  user?: string
  json?: boolean
}

/** `apis preview`: what a token request would get, without one. */
export async function preview(io: Io, id: string, options: PreviewOptions): Promise<void> {
  const { client, scope, grantType, user } = options
  const body = {
    client_id: client,
    ...(scope !== undefined && { scope }),
    ...(grantType !== undefined && { grant_type: grantType }),
    ...(user !== undefined && { user }),
  }
  const path = `/apis/${idInPath(id)}/preview`
  const management = await openManagement(io, options)
  const record = readRecord(await management.call('POST', path, { body }))
  if (options.json) return writeRecord(io, record, options)
  await writePreview(io, record)
}

async function writePreview(io: Io, { granted, error, claims, dropped }: Row): Promise<void> {
  const verdict = granted === true ? 'granted' : `refused: ${printable(String(error ?? 'no reason is given'))}`
  await write(io.stdout, `${verdict}\n`)
  if (typeof claims === 'object' && claims !== null) await writeRecord(io, claims as Row, {})
  if (!Array.isArray(dropped) || dropped.length === 0) return
  const table = new Table(['scope', 'reason'], { isTerminal: io.stdout.isTTY === true })
  await write(io.stdout, `\nleft out\n${table.format(dropped.map(row => Object(row) as Row))}`)
}
