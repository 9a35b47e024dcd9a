import { guards } from './guards.js'
import { alternate, encodeRequest, send, startServer, summary } from './load.js'

const ROUNDS = 12
/** As many as a window sends. */
const NEW_TOKENS = 1_000

/** Requests per second, of windows that alternate between the servers. */
export async function overHttp(issuer) {
  const { issuer: url, jwksUri, jwks, pem } = issuer
  const told = JSON.stringify({ issuer: url, jwksUri, jwks, pem })
  const names = ['unprotected', 'bare crypto.verify', ...Object.keys(guards)]
  const hot = issuer.token()
  const measured = await alternate(names, {
    start: name => startServer('./server.js', name, told),
    rounds: ROUNDS,
    prepare: () => Array.from({ length: NEW_TOKENS }, () => issuer.token()),
    windowOf: async (server, fresh) => ({
      hot: await send(server, [withToken(server, hot)]),
      fresh: await send(
        server,
        fresh.map(token => withToken(server, token)),
      ),
    }),
  })
  const windows = (name, kind) => measured.get(name).map(window => window[kind])
  const summaryOf = (name, kind) => summary(windows(name, kind), windows('unprotected', kind))
  return names.map(name => ({ name, hot: summaryOf(name, 'hot'), fresh: summaryOf(name, 'fresh') }))
}

const withToken = ({ url }, token) => encodeRequest(url, { headers: { Authorization: `Bearer ${token}` } })
