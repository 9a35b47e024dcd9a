import type { Io } from '../io.js'
import { writeRecord } from '../output/record.js'
import type { ConnectionOptions } from '../remote/connection.js'
import { idInPath, openManagement, readRecord } from '../remote/management.js'
import type { Resource } from './resources.js'

/** `get`: one record with everything that it has. */
export async function get(
  io: Io,
  { path }: Resource,
  id: string,
  options: ConnectionOptions & { json?: boolean },
): Promise<void> {
  const place = `${path}/${idInPath(id)}`
  const management = await openManagement(io, options)
  await writeRecord(io, readRecord(await management.call('GET', place)), options)
}
