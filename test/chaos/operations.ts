import type { Answer } from './http.js'
import type { Family } from './ledger.js'
import type { Target } from './target.js'
import type { Credentials, Operation, World } from './world.js'

/** How long a lost answer to a refresh may be asked for again, in milliseconds: less than `REFRESH_GRACE`. */
export const GRACE = 55_000

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const basic = ({ id, secret }: Credentials): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
const json = ({ text }: Answer): Record<string, string> => JSON.parse(text)

function tokenRequest(
  kind: string,
  client: Credentials,
  form: Record<string, string>,
  expects: readonly number[],
): Operation {
  const headers = { ...FORM, authorization: basic(client) }
  return { kind, method: 'POST', path: '/oauth/token', headers, body: new URLSearchParams(form).toString(), expects }
}

export function management(
  { management: bearer }: World,
  kind: string,
  [method, path]: readonly [string, string],
  expects: readonly number[],
  body?: object,
): Operation {
  const headers = {
    authorization: `Bearer ${bearer}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  return { kind, method, path, headers, expects, ...(body !== undefined && { body: JSON.stringify(body) }) }
}

/** A token for one of the clients that the load has made: most of them are in no cache. */
async function token(world: World, target: Target): Promise<void> {
  const living = world.ledger.living()
  const [, entry] = living[world.pick(living.length)] ?? []
  const client = entry?.id === undefined ? world.web : { id: entry.id, secret: entry.secret }
  const form = { grant_type: 'client_credentials', audience: world.audience }
  if (entry !== undefined) entry.busy = true
  const answer = await world.attempt(target, tokenRequest('token', client, form, [200]))
  if (entry !== undefined) entry.busy = false
  if (answer !== undefined) await keep(world, json(answer)['access_token'] ?? '')
}

async function keep(world: World, accessToken: string): Promise<void> {
  if (world.ledger.tokens.length < 20_000) world.ledger.tokens.push(accessToken)
  await world.verify(accessToken)
}

export function refreshRequest(world: World, refreshToken: string, expects: readonly number[]): Operation {
  return tokenRequest('refresh', world.web, { grant_type: 'refresh_token', refresh_token: refreshToken }, expects)
}

/** Now and then the same token goes to two processes at once. */
async function refresh(world: World, target: Target): Promise<void> {
  const { families } = world.ledger
  const family = families[world.pick(families.length)]
  if (family === undefined || family.busy || family.isEnded) return
  family.busy = true
  const other = world.pick(3) === 0 ? world.target() : undefined
  const targets = other === undefined ? [target] : [target, other]
  const mayHaveEnded = family.missedAt !== undefined && performance.now() - family.missedAt > GRACE
  const operation = refreshRequest(world, family.tokens.at(-1) ?? '', mayHaveEnded ? [200, 400] : [200])
  const answers = await Promise.all(targets.map(one => world.attempt(one, operation)))
  await settle(world, family, answers)
  family.busy = false
}

async function settle(world: World, family: Family, answers: (Answer | undefined)[]): Promise<void> {
  const good = answers.flatMap(answer => (answer?.status === 200 ? [json(answer)] : []))
  const [first] = good
  if (first === undefined) {
    family.isEnded = answers.some(answer => answer?.status === 400)
    family.missedAt ??= performance.now()
    return
  }
  const heads = new Set(good.map(body => body['refresh_token']))
  if (heads.size > 1) world.ledger.fault('one refresh token has two successors')
  family.tokens.push(first['refresh_token'] ?? '')
  family.missedAt = undefined
  for (const { access_token: accessToken = '' } of good) await keep(world, accessToken)
}

async function create(world: World, target: Target): Promise<void> {
  const { clients } = world.ledger
  if (world.ledger.living().length > 200) return
  const name = `load-${clients.size}`
  const entry = { id: undefined as string | undefined, secret: '', removed: undefined, busy: true }
  clients.set(name, { ...entry, created: 'unknown' })
  const body = { name, application_type: 'm2m' }
  const answer = await world.attempt(target, management(world, 'create', ['POST', '/clients'], [201], body))
  if (answer === undefined) return
  const { client_id: id, client_secret: secret = '' } = json(answer)
  clients.set(name, { ...entry, id, secret, created: 'acknowledged', busy: false })
}

async function remove(world: World, target: Target): Promise<void> {
  const living = world.ledger.living()
  const [, entry] = living[world.pick(living.length)] ?? []
  if (entry === undefined || living.length < 5) return
  entry.removed = 'unknown'
  const answer = await world.attempt(target, management(world, 'remove', ['DELETE', `/clients/${entry.id}`], [204]))
  if (answer !== undefined) entry.removed = 'acknowledged'
}

/** Nobody else writes the API meanwhile: what was acknowledged is what is read, by whichever process. */
async function update(world: World, target: Target): Promise<void> {
  const { descriptions } = world.ledger
  const own = descriptions[world.pick(descriptions.length)]
  if (own === undefined || own.busy) return
  own.busy = true
  const description = `written as ${world.ledger.count}`
  own.maybe.add(description)
  const write = management(world, 'update', ['POST', `/apis/${own.id}`], [200], { description })
  if ((await world.attempt(target, write)) !== undefined) Object.assign(own, { known: description, maybe: new Set() })
  const read = management(world, 'read', ['GET', `/apis/${own.id}`], [200])
  const answer = await world.attempt(world.target() ?? target, read)
  const found = answer && json(answer)['description']
  if (found !== undefined && found !== own.known && !own.maybe.has(found)) {
    world.ledger.fault(`an API has the description "${found}", not "${own.known}"`)
  }
  own.busy = false
}

/** The database may be away: these are there all the same. */
async function document(world: World, target: Target): Promise<void> {
  const path = ['/.well-known/jwks.json', '/.well-known/openid-configuration', '/health/live'][world.pick(3)] ?? ''
  const answer = await world.attempt(target, { kind: 'document', path, expects: [200] })
  if (answer === undefined && target.accepts) world.ledger.fault(`${path} @${target.name} was not served`)
}

async function health(world: World, target: Target): Promise<void> {
  await world.attempt(target, { kind: 'health', path: '/health', expects: [200] })
}

/** How long a process may not know of a rotation by another one, and a margin, in milliseconds. */
const ROTATION_PAUSE = 35_000

/** Not before every process has the key that will sign: it is forced, while a planned rotation waits for 10 minutes. */
export async function rotateKeys(world: World): Promise<void> {
  const target = world.target()
  const now = performance.now()
  if (target === undefined || now - world.rotatedAt < ROTATION_PAUSE) return
  world.rotatedAt = now
  await world.loadKeys()
  await world.attempt(target, management(world, 'rotate', ['POST', '/keys/rotate'], [200], { force: true }))
}

type Work = (world: World, target: Target) => Promise<void>

/** By the kind of request that it makes; `update` reads too. */
export const WORK: Readonly<Record<string, Work>> = { token, refresh, create, update, remove, document, health }

/** As often as they stand here. */
const MIX: readonly Work[] = [
  ...[token, token, token, token, refresh, refresh, create, create, update, update],
  ...[remove, document, health],
]

export async function doSomething(world: World, work = MIX[world.pick(MIX.length)]): Promise<void> {
  const target = world.target()
  if (target !== undefined) await work?.(world, target)
}
