import type { Io } from '../io.js'
import { ListWriter } from '../output/list-writer.js'
import type { ConnectionOptions } from '../remote/connection.js'
import { openManagement, readPage } from '../remote/management.js'
import { KEYS } from './resources.js'

/** `keys rotate`: the next key becomes the current one. */
export async function rotate(io: Io, options: ConnectionOptions & { force?: boolean; json?: boolean }): Promise<void> {
  const management = await openManagement(io, options)
  const reply = await management.call('POST', '/keys/rotate', options.force ? { body: { force: true } } : {})
  const writer = new ListWriter(io, KEYS.columns, options)
  await writer.write(readPage(reply.body).results)
  await writer.end()
}
