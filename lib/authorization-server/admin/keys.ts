import { readManagementBody } from '../../http/parameters.js'
import { validateKeyRotation } from '../schemas/key.js'
import { invalid } from '../schemas/validate.js'
import { type AdminCall, hasBody, notFound, sendPage, sendRemoved } from './resource.js'

/** `GET /keys`: every signing key of the account, without the key itself. */
export async function listKeys(call: AdminCall): Promise<void> {
  readParameters(call, [])
  sendPage(call, { results: await call.context.keys.list(call.account.name), next: null })
}

/** `POST /keys/rotate`: the `next` key signs from now on. The body is optional. */
export async function rotateKeys(call: AdminCall): Promise<void> {
  readParameters(call, [])
  const body = hasBody(call) ? await readManagementBody(call.req) : {}
  validateKeyRotation(body)
  const force = 'force' in body && body.force === true
  sendPage(call, { results: await call.context.keys.rotate(call.account.name, { force }), next: null })
}

/** `DELETE /keys/:kid`: an emergency. What the key has signed is not accepted any more. */
export async function deleteKey(call: AdminCall): Promise<void> {
  const { account, context, ids } = call
  const [kid = ''] = ids
  const replace = readSwitch(readParameters(call, ['replace']).get('replace'), 'replace')
  if (!(await context.keys.remove(account.name, kid, { replace }))) throw notFound()
  sendRemoved(call)
}

function readSwitch(text: string | undefined, name: string): boolean {
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw invalid([{ path: name, message: 'must be true or false' }])
}

/** Read from the URL itself: Express's own parsers make objects and lists of what users write. */
function readParameters({ req }: AdminCall, known: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>()
  const [, query = ''] = /\?(.*)$/s.exec(req.url ?? '') ?? []
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known.includes(name)) throw invalid([{ path: printable(name), message: 'is not a parameter of this call' }])
    if (parameters.has(name)) throw invalid([{ path: name, message: 'must not be repeated' }])
    parameters.set(name, value)
  }
  return parameters
}

/** The name comes from the caller: short and visible, it may be shown again. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)
}
