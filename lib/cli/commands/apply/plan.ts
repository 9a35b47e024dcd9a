import { Refusal } from '../../faults.js'
import type { Row } from '../../output/cells.js'
import type { Management } from '../../remote/management.js'
import { APIS, CLIENTS, type Resource } from '../resources.js'
import { compare, type FieldChange } from './compare.js'
import type { Wanted } from './wanted.js'

/** One thing to do. */
export interface Change {
  action: 'create' | 'update' | 'delete'
  resource: Resource
  /** The identifier of an API, the name of a client. */
  key: string
  /** Absent: it is to be created. */
  id?: string
  /** What the file says; absent: it is to be deleted. */
  wanted?: Row
  fields: readonly FieldChange[]
  done: boolean
  /** Of a client that was created: shown this once. */
  clientSecret?: string
}

/**
 * Reads what there is and finds out what is to be done: first what is created and changed, APIs before clients, then what
 * is deleted, clients before APIs.
 *
 * @param isPruning also delete what a list of the file does not name; never the management API, nor the client that calls
 * @throws Refusal a name of the file is that of several clients
 */
export async function plan(management: Management, wanted: Wanted, isPruning: boolean): Promise<Change[]> {
  const apis = await planKind(management, APIS, 'identifier', wanted.apis)
  const clients = await planKind(management, CLIENTS, 'name', wanted.clients)
  const changes = [...apis.changes, ...clients.changes]
  if (!isPruning) return changes
  const others = [
    ...clients.others.filter(({ id }) => id !== management.clientId),
    ...apis.others.filter(({ isSystem }) => !isSystem),
  ]
  return [...changes, ...others.map(({ isSystem: _system, ...change }) => change)]
}

interface Other extends Change {
  isSystem: boolean
}

async function planKind(
  management: Management,
  resource: Resource,
  keyName: string,
  wanted: readonly Row[] | undefined,
): Promise<{ changes: Change[]; others: Other[] }> {
  if (wanted === undefined) return { changes: [], others: [] }
  const present: Row[] = []
  for await (const rows of management.pages(resource.path, { pageSize: '200' })) present.push(...rows)
  const keys = new Set(wanted.map(entry => String(entry[keyName])))
  const changes = wanted.flatMap(entry => {
    const found = present.filter(row => row[keyName] === entry[keyName])
    return planOne(resource, String(entry[keyName]), entry, found)
  })
  const others = present
    .filter(row => !keys.has(String(row[keyName])))
    .map((row): Other => {
      const common = { resource, key: String(row[keyName]), id: String(row[resource.id]), fields: [], done: false }
      return { action: 'delete', ...common, isSystem: row['is_system'] === true }
    })
  return { changes, others }
}

function planOne(resource: Resource, key: string, wanted: Row, found: readonly Row[]): Change[] {
  const [present, twin] = found
  if (twin !== undefined) {
    const ids = found.map(row => String(row[resource.id])).join(', ')
    throw new Refusal(`several clients have the name ${JSON.stringify(key)} (${ids}); nothing was changed`)
  }
  const common = { resource, key, wanted, done: false }
  if (present === undefined) return [{ action: 'create', ...common, fields: compare({}, wanted) }]
  const fields = compare(present, wanted)
  return fields.length === 0 ? [] : [{ action: 'update', ...common, id: String(present[resource.id]), fields }]
}
