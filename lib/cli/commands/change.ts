import type { Io } from '../io.js'
import { writeNewRecord, writeRecord } from '../output/record.js'
import type { ConnectionOptions } from '../remote/connection.js'
import { idInPath, openManagement, readRecord } from '../remote/management.js'
import { type ApiFlags, apiMembers, type BodyOptions, type ClientFlags, clientMembers, readBody } from './body.js'
import { DRY_RUN, writeWould } from './dry-run.js'
import { APIS, CLIENTS, type Resource } from './resources.js'

type Common = ConnectionOptions & { json?: boolean }

/** `apis create` */
export async function createApi(io: Io, options: Common & ApiFlags): Promise<void> {
  await create(io, APIS, await readBody(io, options, apiMembers(options)), options)
}

/** `clients create`: the one answer that has the secret. */
export async function createClient(io: Io, options: Common & ClientFlags): Promise<void> {
  await create(io, CLIENTS, await readBody(io, options, clientMembers(options)), options)
}

/** `clients secrets create` */
export async function createSecret(io: Io, client: string, options: Common & { expiresAt?: string }): Promise<void> {
  const { expiresAt } = options
  const resource = { path: `/clients/${idInPath(client)}/secrets` }
  await create(io, resource, expiresAt === undefined ? undefined : { expires_at: expiresAt }, options)
}

async function create(
  io: Io,
  { path }: Pick<Resource, 'path'>,
  body: object | undefined,
  options: Common,
): Promise<void> {
  const management = await openManagement(io, options)
  const reply = await management.call('POST', path, body === undefined ? {} : { body })
  await writeNewRecord(io, readRecord(reply), options)
}

/** `update`: what is not named stays as it is. */
export async function update(
  io: Io,
  { path }: Resource,
  id: string,
  options: Common & BodyOptions & { dryRun?: boolean },
): Promise<void> {
  const place = `${path}/${idInPath(id)}`
  const body = await readBody(io, options)
  const management = await openManagement(io, options)
  if (options.dryRun) return writeWould(io, await management.call('POST', place, { body, query: DRY_RUN }), options)
  await writeRecord(io, readRecord(await management.call('POST', place, { body })), options)
}
