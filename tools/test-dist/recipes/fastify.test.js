import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { describeRoute } from './http-cases.js'
import { network } from './issuer.js'

const { app } = await import('./out/fastify-app.js')
app.post('/fault', async () => {
  throw new Error('a fault of the app')
})
const url = await app.listen({ host: '127.0.0.1', port: 0 })
after(() => app.close())

describeRoute('fastify-app.ts', authorization =>
  network(`${url}/users`, { headers: authorization && { authorization } }),
)

it('fastify-app.ts: leaves other errors to Fastify', async () => {
  const answer = await network(`${url}/fault`, { method: 'POST' })
  assert.equal(answer.status, 500)
})
