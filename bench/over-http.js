import { guards } from './guards.js'
import { alternate, encodeRequest, send, startServers, summary } from './load.js'

const PROCESSES = 3
const WARM_UP = 4_000
const ROUNDS = 25
/** Requests of one window. */
const REQUESTS = 250

/** Requests per second, of windows that alternate between the servers. */
export async function overHttp(issuer) {
  const { issuer: url, jwksUri, jwks, pem } = issuer
  const told = JSON.stringify({ issuer: url, jwksUri, jwks, pem })
  const names = ['unprotected', 'bare crypto.verify', ...Object.keys(guards)]
  const hot = issuer.token()
  const newTokens = count => Array.from({ length: count }, () => issuer.token())
  const load = (server, tokens, count) =>
    send(
      server,
      tokens.map(token => withToken(server, token)),
      count,
    )
  const measured = await alternate(names, {
    start: names => startServers('./server.js', names, told),
    processes: PROCESSES,
    rounds: ROUNDS,
    warmUp: async server => {
      await load(server, newTokens(WARM_UP / 2), WARM_UP / 2)
      await load(server, [hot], WARM_UP / 2)
    },
    prepare: () => newTokens(REQUESTS),
    windowOf: async (server, fresh) => ({
      hot: await load(server, [hot], REQUESTS),
      fresh: await load(server, fresh, REQUESTS),
    }),
  })
  const windows = (name, kind) => measured.get(name).map(window => window[kind])
  const summaryOf = (name, kind) => summary(windows(name, kind), windows('unprotected', kind))
  return names.map(name => ({ name, hot: summaryOf(name, 'hot'), fresh: summaryOf(name, 'fresh') }))
}

const withToken = ({ url }, token) => encodeRequest(url, { headers: { Authorization: `Bearer ${token}` } })
