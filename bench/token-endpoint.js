import { AUDIENCE } from './issuer.js'
import { median, medianRatio, startServer, windowOf } from './load.js'
import { mongoDatabase } from './mongo.js'

const WINDOWS = 21

const body = (audience, more = {}) =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    [audience]: AUDIENCE,
    scope: 'read:users',
    ...more,
  }).toString()

/** Tokens per second by client credentials, medians of windows that alternate between the servers. */
export async function tokenEndpoint() {
  const mongodbUri = await mongoDatabase()
  const names = ['only signs', 'scopegate, embedded', ...(mongodbUri ? ['scopegate, MongoDB'] : []), 'oidc-provider']
  const servers = await Promise.all(names.map(name => startServer('./token-server.js', name, mongodbUri ?? '')))
  const results = servers.map(server => ({ ...server, rates: [] }))
  const run = ({ name, url, authorization }) =>
    windowOf(url, () => ({ authorization, 'content-type': 'application/x-www-form-urlencoded' }), {
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
  return results.map(({ name, rates }) => ({ name, rate: median(rates), ratio: medianRatio(rates, bare) }))
}
