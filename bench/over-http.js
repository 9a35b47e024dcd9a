import { guards } from './guards.js'
import { startServer, summary, windowOf } from './load.js'

const WINDOWS = 15
const NEW_TOKENS = 6_000

const inTurn = tokens => {
  let i = 0
  return () => ({ authorization: `Bearer ${tokens[i++ % tokens.length]}` })
}

/** Requests per second, of windows that alternate between the servers. */
export async function overHttp(issuer) {
  const { issuer: url, jwksUri, jwks, pem } = issuer
  const told = JSON.stringify({ issuer: url, jwksUri, jwks, pem })
  const names = ['unprotected', ...Object.keys(guards)]
  const servers = await Promise.all(names.map(name => startServer('./server.js', name, told)))
  const results = servers.map(server => ({ ...server, hot: [], fresh: [] }))
  const hot = [issuer.token()]
  try {
    for (const result of results) await windowOf(result, inTurn(hot))
    for (let i = 0; i < WINDOWS; i++) {
      const fresh = Array.from({ length: NEW_TOKENS }, () => issuer.token())
      for (const result of inOrder(results, i)) {
        result.hot.push(await windowOf(result, inTurn(hot)))
        result.fresh.push(await windowOf(result, inTurn(fresh)))
      }
    }
  } finally {
    for (const { stop } of servers) stop()
  }
  const [open] = results
  return results.map(({ name, hot: seen, fresh }) => ({
    name,
    hot: summary(seen, open.hot),
    fresh: summary(fresh, open.fresh),
  }))
}

/** Another one begins each round. */
const inOrder = (list, round) => list.map((_, i) => list[(i + round) % list.length])
