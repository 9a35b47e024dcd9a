import { AUDIENCE } from './issuer.js'
import { alternate, encodeRequest, send, startServers, summary } from './load.js'
import { mongoDatabase } from './mongo.js'

const PROCESSES = 3
const WARM_UP = 6_000
const ROUNDS = 30
const TOKENS = 200

const body = audience =>
  new URLSearchParams({ grant_type: 'client_credentials', [audience]: AUDIENCE, scope: 'read:users' }).toString()

/** Tokens per second by client credentials, of windows that alternate between the servers. */
export async function tokenEndpoint() {
  const mongodbUri = (await mongoDatabase()) ?? ''
  const names = ['only signs', 'scopegate, embedded', ...(mongodbUri ? ['scopegate, MongoDB'] : []), 'oidc-provider']
  const measured = await alternate(names, {
    start: names => startServers('./token-server.js', names, mongodbUri),
    processes: PROCESSES,
    rounds: ROUNDS,
    warmUp: server => send(server, [tokenRequest(server)], WARM_UP),
    windowOf: server => send(server, [tokenRequest(server)], TOKENS),
  })
  return names.map(name => ({ name, ...summary(measured.get(name), measured.get('only signs')) }))
}

const tokenRequest = ({ name, url, authorization }) =>
  encodeRequest(url, {
    method: 'POST',
    headers: { Authorization: authorization, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: body(name === 'oidc-provider' ? 'resource' : 'audience'),
  })
