import { ConflictError } from '../../errors.js'
import { readManagementBody } from '../../http/parameters.js'
import { eq } from '../../query/tree.js'
import type { StoredRecord } from '../../store/port.js'
import type { ApiRecord } from '../../store/records.js'
import { findFirst } from '../../store/walk.js'
import { alterApi, refuseSystem } from './apis.js'
import { assertMayChange } from './client-rules.js'
import { alterClient } from './clients.js'
import { type Effects, effectsOnApi, effectsOnClient } from './effects.js'
import { requireMatch } from './etag.js'
import { readParameters, readSwitch } from './listing.js'
import { type AdminCall, getRecord, type Operation, sendRecord } from './resource.js'

const PARAMETERS: ReadonlySet<string> = new Set(['dry_run'])

/**
 * An operation that `?dry_run=true` does not carry out, but tells the effects of. A parameter that is misspelt is refused:
 * nothing is carried out that was only to be tried.
 *
 * @param tell refuses what the operation refuses, and writes nothing
 */
export function withDryRun(run: Operation, tell: Operation): Operation {
  return async function carryOutOrTell(call) {
    const isDry = readSwitch(readParameters(call.req.url ?? '', PARAMETERS, 'this call'), 'dry_run')
    await (isDry ? tell : run)(call)
  }
}

/** An operation that takes no parameters, `dry_run` neither. @throws ManagementError `validation_error` */
export function withoutParameters(run: Operation): Operation {
  return async function carryOut(call) {
    readParameters(call.req.url ?? '', NONE, 'this call')
    await run(call)
  }
}

const NONE: ReadonlySet<string> = new Set()

/** `POST /apis/:apis_id?dry_run=true` */
export async function tellApiUpdate(call: AdminCall): Promise<void> {
  const { context } = call
  const body = await readManagementBody(call.req)
  const present = await getRecord(context.records.apis, call)
  requireMatch(call.req, present)
  const changed = alterApi(present, body, context.clock.now())
  await assertSlugFree(call, present, changed)
  send(call, present, await effectsOnApi(call, present, changed))
}

/** @throws ConflictError as the store does when the change is written */
async function assertSlugFree({ context }: AdminCall, { slug }: ApiRecord, changed: ApiRecord): Promise<void> {
  if (changed.slug === slug) return
  const holder = await findFirst(context.records.apis, changed.account, eq('slug', changed.slug))
  if (holder !== null) throw new ConflictError(['slug'])
}

/** `DELETE /apis/:apis_id?dry_run=true` */
export async function tellApiRemoval(call: AdminCall): Promise<void> {
  const present = await getRecord(call.context.records.apis, call)
  refuseSystem(present)
  requireMatch(call.req, present)
  send(call, present, await effectsOnApi(call, present, null))
}

/** `POST /clients/:client_id?dry_run=true` */
export async function tellClientUpdate(call: AdminCall): Promise<void> {
  const { managers, records } = call.context
  const update = await readManagementBody(call.req)
  const present = await getRecord(records.clients, call)
  requireMatch(call.req, present)
  assertMayChange(present, call.caller)
  const changed = alterClient(present, update, call)
  if (changed !== present) await managers.keepOne(present, changed, writeNothing)
  send(call, present, await effectsOnClient(call, present, changed))
}

/** `DELETE /clients/:client_id?dry_run=true` */
export async function tellClientRemoval(call: AdminCall): Promise<void> {
  const { managers, records } = call.context
  const present = await getRecord(records.clients, call)
  assertMayChange(present, call.caller)
  requireMatch(call.req, present)
  await managers.keepOne(present, null, writeNothing)
  send(call, present, await effectsOnClient(call, present, null))
}

async function writeNothing(): Promise<void> {}

/** The entity tag is that of the record that was looked at: with `If-Match` no other one is changed afterwards. */
function send(call: AdminCall, present: StoredRecord, would: Effects): void {
  sendRecord(call, present, { would })
}
