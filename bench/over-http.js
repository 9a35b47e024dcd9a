import { fork } from 'node:child_process'
import autocannon from 'autocannon'
import { guards } from './guards.js'

const SECONDS = 3
const WINDOWS = 4
const CONNECTIONS = 32
const HOT_TOKENS = 1
const NEW_TOKENS = 40_000

function startServer(name, issuer) {
  const { issuer: url, jwksUri, jwks, pem } = issuer
  const child = fork(new URL('./server.js', import.meta.url), [
    name,
    JSON.stringify({ issuer: url, jwksUri, jwks, pem }),
  ])
  return new Promise((resolve, reject) => {
    child.once('message', port => resolve({ name, child, url: `http://127.0.0.1:${port}/users`, hot: [], fresh: [] }))
    child.once('exit', code => reject(new Error(`${name} ended with ${code}`)))
  })
}

/** Requests per second of one window; each request takes the next token of the list. */
async function windowOf(url, tokens) {
  let next = 0
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: SECONDS,
    requests: [
      {
        setupRequest: req => ({
          ...req,
          headers: { ...req.headers, authorization: `Bearer ${tokens[next++ % tokens.length]}` },
        }),
      },
    ],
  })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refusals, ${result.errors} errors`)
  return result.requests.average
}

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** Requests per second, median of windows that alternate between the servers. */
export async function overHttp(issuer) {
  const servers = await Promise.all(['unprotected', ...Object.keys(guards)].map(name => startServer(name, issuer)))
  const hot = Array.from({ length: HOT_TOKENS }, () => issuer.token())
  try {
    for (const server of servers) await windowOf(server.url, hot)
    for (let i = 0; i < WINDOWS; i++) {
      const fresh = Array.from({ length: NEW_TOKENS }, () => issuer.token())
      for (const server of servers) {
        server.hot.push(await windowOf(server.url, hot))
        server.fresh.push(await windowOf(server.url, fresh))
      }
    }
  } finally {
    for (const { child } of servers) {
      child.removeAllListeners('exit')
      child.disconnect()
    }
  }
  return servers.map(({ name, hot: seen, fresh }) => ({ name, hot: median(seen), fresh: median(fresh) }))
}
