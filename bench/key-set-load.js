import express from 'express'
import { guards } from './guards.js'
import { startIssuer } from './issuer.js'

const COLD = 200
const JUNK = 5_000

const peers = ['scopegate', 'jose by hand', 'express-oauth2-jwt-bearer', 'express-jwt + jwks-rsa']

async function withServer(guard, use) {
  const app = express()
  app.get('/users', guard, (_req, res) => {
    res.json({})
  })
  app.use((_error, _req, res, _next) => {
    if (!res.headersSent) res.status(401).json({})
  })
  const server = await new Promise(resolve => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  try {
    return await use(token =>
      fetch(`http://127.0.0.1:${server.address().port}/users`, { headers: { authorization: `Bearer ${token}` } }).then(
        async answer => {
          await answer.arrayBuffer()
          return answer.status
        },
      ),
    )
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** Fetches of the key set: cold under concurrent requests, and under tokens that name unknown keys. */
export async function keySetLoad() {
  const rows = []
  for (const name of peers) {
    // One of its own: a process shares the keys of an issuer.
    const issuer = await startIssuer()
    const row = await withServer(guards[name](issuer), async call => {
      const good = issuer.token()
      await Promise.all(Array.from({ length: COLD }, () => call(good)))
      const cold = issuer.count.jwks
      issuer.count.jwks = 0
      const start = Date.now()
      for (let i = 0; i < JUNK; i += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, j) => call(issuer.token(`junk-${i + j}`))))
      }
      return { name, cold, flood: issuer.count.jwks, seconds: (Date.now() - start) / 1000 }
    })
    rows.push(row)
    await issuer.close()
  }
  return rows
}
