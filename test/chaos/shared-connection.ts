// An application that keeps its own mongoose connection, with what the environment tells `scopegate serve`.
import { once } from 'node:events'
import express from 'express'
import mongoose from 'mongoose'
import { authorizationServer } from '../../lib/authorization-server/index.js'
import { createHealth, storeHealth } from '../../lib/cli/serve/health.js'
import { describeEvent } from '../../lib/cli/serve/log.js'
import { mongoStore } from '../../lib/store/mongo/index.js'
import { demoUsers } from '../../lib/users/index.js'

const read = (name: string): string => process.env[name] ?? ''

// As docs/mongodb.md tells it.
await mongoose.connect(read('MONGODB_URI'), {
  ...{ serverSelectionTimeoutMS: 1_500, waitQueueTimeoutMS: 1_500 },
  ...{ heartbeatFrequencyMS: 2_000, connectTimeoutMS: 2_000 },
})
const { router, users } = demoUsers(read('DEMO_USERS').split(','))
const server = await authorizationServer({
  issuer: read('ISSUER'),
  store: mongoStore(mongoose),
  users,
  managementClient: { id: read('MANAGEMENT_CLIENT_ID'), secret: read('MANAGEMENT_CLIENT_SECRET') },
  refreshGrace: Number(read('REFRESH_GRACE')),
  ...(read('RATE_LIMITS') === 'off' && { rateLimits: false }),
  onEvent: event => console.log(JSON.stringify(describeEvent(event))),
})
const health = createHealth()
health.watch(storeHealth(server.health))

const app = express()
app.use((req, res, next) => {
  if (!health.answer(req, res)) next()
})
app.use(router, server.router, server.adminRouter)
const listening = app.listen(Number(read('PORT')), '127.0.0.1')
await once(listening, 'listening')
console.log(JSON.stringify({ address: `http://127.0.0.1:${read('PORT')}` }))

await once(process, 'SIGTERM')
await new Promise(resolve => listening.close(resolve))
await server.close()
await mongoose.disconnect()
