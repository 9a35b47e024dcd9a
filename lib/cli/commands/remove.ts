import type { Io } from '../io.js'
import { printableJson } from '../output/printable.js'
import { tell, write } from '../output/write.js'
import type { ConnectionOptions } from '../remote/connection.js'
import { idInPath, openManagement } from '../remote/management.js'
import { DRY_RUN, writeWould } from './dry-run.js'
import { assertConfirmable, confirm } from './prompt.js'
import type { Resource } from './resources.js'

export interface RemoveOptions extends ConnectionOptions {
  yes?: boolean
  dryRun?: boolean
  json?: boolean
  /** Of a key: activate the next one in its place. */
  replace?: boolean
}

/** `rm`: asks on a terminal; elsewhere it needs `--yes`. */
export async function remove(io: Io, resource: Resource, id: string, options: RemoveOptions): Promise<void> {
  await removeAt(io, `${resource.path}/${idInPath(id)}`, `the ${resource.one} ${id}`, options)
}

/** `clients secrets rm` */
export async function removeSecret(io: Io, client: string, id: string, options: RemoveOptions): Promise<void> {
  const path = `/clients/${idInPath(client)}/secrets/${idInPath(id)}`
  await removeAt(io, path, `the secret ${id} of the client ${client}`, options)
}

async function removeAt(io: Io, path: string, what: string, options: RemoveOptions): Promise<void> {
  const { dryRun = false, replace = false } = options
  if (!dryRun) assertConfirmable(io, options)
  const management = await openManagement(io, options)
  if (dryRun) return writeWould(io, await management.call('DELETE', path, { query: DRY_RUN }), options)
  await confirm(io, options, `Delete ${what}?`)
  await management.call('DELETE', path, replace ? { query: { replace: 'true' } } : {})
  if (options.json) await write(io.stdout, `${printableJson({ deleted: path.split('/').at(-1) })}\n`)
  else await tell(io, `deleted ${what}`)
}
