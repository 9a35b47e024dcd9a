import { readManagementBody } from '../../http/parameters.js'
import { validateKeyRotation } from '../schemas/key.js'
import { originOfCall } from './changes.js'
import { readParameters, readSwitch } from './listing.js'
import { type AdminCall, hasBody, notFound, sendPage, sendRemoved } from './resource.js'

const PARAMETERS: ReadonlySet<string> = new Set(['replace'])

/** `GET /keys`: every signing key of the account, without the key itself. */
export async function listKeys(call: AdminCall): Promise<void> {
  sendPage(call, { results: await call.context.keys.list(call.account.name), next: null })
}

/** `POST /keys/rotate`: the `next` key signs from now on. The body is optional. */
export async function rotateKeys(call: AdminCall): Promise<void> {
  const body = hasBody(call) ? await readManagementBody(call.req) : {}
  validateKeyRotation(body)
  const force = 'force' in body && body.force === true
  sendPage(call, {
    results: await call.context.keys.rotate(call.account.name, { force, origin: originOfCall(call) }),
    next: null,
  })
}

/** `DELETE /keys/:kid`: an emergency. What the key has signed is not accepted any more. */
export async function deleteKey(call: AdminCall): Promise<void> {
  const { account, context, ids } = call
  const [kid = ''] = ids
  const replace = readSwitch(readParameters(call.req.url ?? '', PARAMETERS, 'this call'), 'replace')
  if (!(await context.keys.remove(account.name, kid, { replace, origin: originOfCall(call) }))) throw notFound()
  sendRemoved(call)
}
