import { AUDIENCE } from './issuer.js'
import { startServer, summary, windowOf } from './load.js'
import { mongoDatabase } from './mongo.js'

const WINDOWS = 21

const body = audience =>
  new URLSearchParams({ grant_type: 'client_credentials', [audience]: AUDIENCE, scope: 'read:users' }).toString()

/** Tokens per second by client credentials, of windows that alternate between the servers. */
export async function tokenEndpoint() {
  const mongodbUri = await mongoDatabase()
  const names = ['only signs', 'scopegate, embedded', ...(mongodbUri ? ['scopegate, MongoDB'] : []), 'oidc-provider']
  const servers = await Promise.all(names.map(name => startServer('./token-server.js', name, mongodbUri ?? '')))
  const results = servers.map(server => ({ ...server, rates: [] }))
  const run = ({ name, authorization, ...server }) =>
    windowOf(server, () => ({ authorization, 'content-type': 'application/x-www-form-urlencoded' }), {
      method: 'POST',
      body: body(name === 'oidc-provider' ? 'resource' : 'audience'),
    })
  try {
    for (const result of results) await run(result)
    for (let i = 0; i < WINDOWS; i++) for (const result of results) result.rates.push(await run(result))
  } finally {
    for (const { stop } of servers) stop()
  }
  const [{ rates: bare }] = results
  return results.map(({ name, rates }) => ({ name, ...summary(rates, bare) }))
}
