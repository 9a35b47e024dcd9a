import { guards } from './guards.js'
import { median, medianRatio, startServer, windowOf } from './load.js'

const WINDOWS = 15
const NEW_TOKENS = 10_000

const inTurn = tokens => {
  let i = 0
  return () => ({ authorization: `Bearer ${tokens[i++ % tokens.length]}` })
}

/** Requests per second, medians of windows that alternate between the servers. */
export async function overHttp(issuer) {
  const { issuer: url, jwksUri, jwks, pem } = issuer
  const told = JSON.stringify({ issuer: url, jwksUri, jwks, pem })
  const names = ['unprotected', ...Object.keys(guards)]
  const servers = await Promise.all(names.map(name => startServer('./server.js', name, told)))
  const results = servers.map(server => ({ ...server, hot: [], fresh: [] }))
  const hot = [issuer.token()]
  try {
    for (const { url: address } of results) await windowOf(address, inTurn(hot))
    for (let i = 0; i < WINDOWS; i++) {
      const fresh = Array.from({ length: NEW_TOKENS }, () => issuer.token())
      for (const result of results) {
        result.hot.push(await windowOf(result.url, inTurn(hot)))
        result.fresh.push(await windowOf(result.url, inTurn(fresh)))
      }
    }
  } finally {
    for (const { stop } of servers) stop()
  }
  const [open] = results
  return results.map(({ name, hot: seen, fresh }) => ({
    name,
    hot: median(seen),
    fresh: median(fresh),
    hotRatio: medianRatio(seen, open.hot),
    freshRatio: medianRatio(fresh, open.fresh),
  }))
}
