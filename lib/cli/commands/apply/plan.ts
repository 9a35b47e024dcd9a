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
 * is deleted, clients before APIs. An API whose slug the file gives to another one is deleted before all that.
 *
 * @param isPruning also delete what a list of the file does not name; never the management API, nor the client that calls
 * @throws Refusal a name of the file is that of several clients
 */
export async function plan(management: Management, wanted: Wanted, isPruning: boolean): Promise<Change[]> {
  const apis = await planKind(management, APIS, 'identifier', wanted.apis)
  const clients = await planKind(management, CLIENTS, 'name', wanted.clients)
  const changes = [...apis.changes, ...clients.changes]
  if (!isPruning) return changes
  const otherApis = apis.others.filter(row => row['is_system'] !== true)
  const otherClients = clients.others.filter(row => row[CLIENTS.id] !== management.clientId)
  const slugs = new Set(apis.changes.map(({ wanted: api }) => api?.['slug']))
  const isInTheWay = ({ slug }: Row): boolean => slugs.has(slug)
  return [
    ...otherApis.filter(isInTheWay).map(row => planDeletion(APIS, 'identifier', row)),
    ...changes,
    ...otherClients.map(row => planDeletion(CLIENTS, 'name', row)),
    ...otherApis.filter(row => !isInTheWay(row)).map(row => planDeletion(APIS, 'identifier', row)),
  ]
}

/** @returns what the file wants of a kind, and which records it does not name */
async function planKind(
  management: Management,
  resource: Resource,
  keyName: string,
  wanted: readonly Row[] | undefined,
): Promise<{ changes: Change[]; others: Row[] }> {
  if (wanted === undefined) return { changes: [], others: [] }
  const present: Row[] = []
  for await (const rows of management.pages(resource.path, { pageSize: '200' })) present.push(...rows)
  const keys = new Set(wanted.map(entry => String(entry[keyName])))
  const changes = wanted.flatMap(entry => {
    const found = present.filter(row => row[keyName] === entry[keyName])
    return planOne(resource, String(entry[keyName]), entry, found)
  })
  return { changes, others: present.filter(row => !keys.has(String(row[keyName]))) }
}

function planDeletion(resource: Resource, keyName: string, row: Row): Change {
  const common = { resource, key: String(row[keyName]), id: String(row[resource.id]), fields: [], done: false }
  return { action: 'delete', ...common }
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
