import { AUDIENCE } from './issuer.js'
import { alternate, encodeRequest, send, startServer, summary } from './load.js'
import { mongoDatabase } from './mongo.js'

const ROUNDS = 20
const TOKENS = 500

const body = audience =>
  new URLSearchParams({ grant_type: 'client_credentials', [audience]: AUDIENCE, scope: 'read:users' }).toString()

/** Tokens per second by client credentials, of windows that alternate between the servers. */
export async function tokenEndpoint() {
  const mongodbUri = (await mongoDatabase()) ?? ''
  const names = ['only signs', 'scopegate, embedded', ...(mongodbUri ? ['scopegate, MongoDB'] : []), 'oidc-provider']
  const measured = await alternate(names, {
    start: name => startServer('./token-server.js', name, mongodbUri),
    rounds: ROUNDS,
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
