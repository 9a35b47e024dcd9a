import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { authorizationServer } from '../../lib/authorization-server/index.js'
import { mongoStore } from '../../lib/store/mongo/index.js'

/**
 * Started by tests, with the connection string of a database: a token endpoint on a port of its own, which it says. A number
 * that it is sent is how many milliseconds its clock goes ahead from then on; it sends it back.
 */
const [uri = '', issuer = ''] = process.argv.slice(2)
let ahead = 0
const clock = { now: () => Date.now() + ahead }
const { router } = await authorizationServer({
  ...{ issuer, clock, rateLimits: false },
  store: mongoStore(uri, { clock, operationTimeout: 30_000 }),
  users: { authenticate: () => undefined, loginUrl: '/login' },
})
const server = createServer((req, res) => router(req, res, () => res.writeHead(404).end()))
process.on('message', message => {
  if (typeof message === 'number') ahead = message
  process.send?.(message)
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
