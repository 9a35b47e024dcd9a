import { AUDIENCE } from './issuer.js'
import { alternate, encodeRequest, send, startServers, summary } from './load.js'
import { mongoDatabase } from './mongo.js'

const PROCESSES = 3
const WARM_UP = 6_000
const ROUNDS = 30
const TOKENS = 200
const FLOOR = 'only signs'

const body = audience =>
  new URLSearchParams({ grant_type: 'client_credentials', [audience]: AUDIENCE, scope: 'read:users' }).toString()

/** Tokens per second by client credentials: each endpoint beside the floor, in processes that are those two's alone. */
export async function tokenEndpoint() {
  const mongodbUri = (await mongoDatabase()) ?? ''
  const mongo = mongodbUri ? ['scopegate, MongoDB'] : []
  const names = ['only signs, no Express', 'scopegate serve', 'scopegate, embedded', ...mongo, 'oidc-provider']
  const floors = []
  const rows = []
  for (const name of names) {
    const measured = await alternate([FLOOR, name], {
      start: pair => startServers('./token-server.js', pair, mongodbUri),
      processes: PROCESSES,
      rounds: ROUNDS,
      warmUp: server => send(server, tokenRequests(server), WARM_UP),
      windowOf: server => send(server, tokenRequests(server), TOKENS),
    })
    floors.push(...measured.get(FLOOR))
    rows.push({ name, ...summary(measured.get(name), measured.get(FLOOR)) })
  }
  return [{ name: FLOOR, ...summary(floors, floors) }, ...rows]
}

/** One of each client, in turn. */
export const tokenRequests = ({ name, url, authorizations }) =>
  authorizations.map(authorization =>
    encodeRequest(url, {
      method: 'POST',
      headers: { Authorization: authorization, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: body(name === 'oidc-provider' ? 'resource' : 'audience'),
    }),
  )
