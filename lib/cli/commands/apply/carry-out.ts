import { Refusal } from '../../faults.js'
import type { Row } from '../../output/cells.js'
import { refusalOf } from '../../remote/explain.js'
import { idInPath, type Management, readRecord } from '../../remote/management.js'
import { compare, updateOf } from './compare.js'
import type { Change } from './plan.js'

/** How often a resource is read again that somebody else has changed meanwhile. */
const ATTEMPTS = 5

/** Does one thing, and notes on it that it is done. @throws Refusal */
export async function carryOut(management: Management, change: Change): Promise<void> {
  const { action, wanted = {}, resource } = change
  if (action === 'create') {
    const created = readRecord(await management.call('POST', resource.path, { body: wanted }))
    change.id = String(created[resource.id])
    if (typeof created['client_secret'] === 'string') change.clientSecret = created['client_secret']
  } else {
    await unlessChanged(management, change, async (path, present, ifMatch) => {
      if (action === 'delete') return management.attempt('DELETE', path, { ifMatch })
      const fields = compare(present, wanted)
      change.fields = fields
      if (fields.length === 0) return undefined
      return management.attempt('POST', path, { ifMatch, body: updateOf(wanted, fields) })
    })
  }
  change.done = true
}

type Attempt = (
  path: string,
  present: Row,
  ifMatch: string,
) => Promise<Awaited<ReturnType<Management['attempt']>> | undefined>

/** Reads the resource, and changes it if it still is what was read (`If-Match`); else all over again. */
async function unlessChanged(
  management: Management,
  { action, resource, id = '' }: Change,
  attempt: Attempt,
): Promise<void> {
  const path = `${resource.path}/${idInPath(id)}`
  for (let count = 0; count < ATTEMPTS; count++) {
    const read = await management.attempt('GET', path)
    // Somebody else was faster.
    if (read.status === 404 && action === 'delete') return
    if (read.status !== 200) throw refusalOf(read)
    const reply = await attempt(path, readRecord(read), read.headers.get('etag') ?? '*')
    if (reply === undefined || (reply.status >= 200 && reply.status <= 299)) return
    if (reply.status !== 412) throw refusalOf(reply)
  }
  throw new Refusal(`the ${resource.one} ${id} is being changed by others`)
}
