import { validateApiCreation } from '../../../authorization-server/schemas/api.js'
import { validateClientCreation } from '../../../authorization-server/schemas/client.js'
import { ManagementError } from '../../../errors.js'
import type { Row } from '../../output/cells.js'
import { MANAGEMENT_AUDIENCE } from '../../remote/token.js'

/** What a file says: its lists, undefined where it has none, and every fault of it with its place. */
export interface Wanted {
  apis: readonly Row[] | undefined
  clients: readonly Row[] | undefined
  faults: readonly string[]
}

/** Faults that are named, at most. */
const MAX_FAULTS = 200

/** Checks the shape of a document: `{ apis: [...], clients: [...] }`, each entry by the schema of the management API. */
export function readWanted(document: unknown): Wanted {
  if (!isRow(document)) return { apis: undefined, clients: undefined, faults: ['the file must hold an object'] }
  const faults = Object.keys(document)
    .filter(name => name !== 'apis' && name !== 'clients')
    .map(name => `${name} is not known: there are apis and clients`)
  const apis = readList(document, 'apis', validateApiCreation, faults)
  const clients = readList(document, 'clients', validateClientCreation, faults)
  for (const [at, { identifier }] of (apis ?? []).entries()) {
    if (identifier === MANAGEMENT_AUDIENCE) faults.push(`apis[${at}] is the management API, which cannot be changed`)
  }
  nameTwins(apis, 'apis', 'identifier', faults)
  nameTwins(clients, 'clients', 'name', faults)
  return { apis, clients, faults: faults.slice(0, MAX_FAULTS) }
}

function readList(document: Row, name: string, validate: (body: object) => void, faults: string[]): Row[] | undefined {
  const list = document[name]
  if (list === undefined) return undefined
  if (!Array.isArray(list)) {
    faults.push(`${name} must be a list`)
    return undefined
  }
  for (const [at, entry] of list.entries()) {
    if (isRow(entry)) faults.push(...faultsOf(entry, validate).map(fault => `${name}[${at}]${fault}`))
    else faults.push(`${name}[${at}] must be an object`)
  }
  return list.filter(isRow)
}

function faultsOf(entry: Row, validate: (body: object) => void): string[] {
  try {
    validate(entry)
    return []
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error
    const { issues = [] } = error.details
    return issues.map(({ path, message }) => `${path === '' ? '' : `.${path}`} ${message}`)
  }
}

function nameTwins(list: readonly Row[] | undefined, name: string, key: string, faults: string[]): void {
  const seen = new Map<unknown, number>()
  for (const [at, entry] of (list ?? []).entries()) {
    const first = seen.get(entry[key])
    if (first === undefined) seen.set(entry[key], at)
    else if (entry[key] !== undefined) faults.push(`${name}[${at}].${key} is that of ${name}[${first}]`)
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
