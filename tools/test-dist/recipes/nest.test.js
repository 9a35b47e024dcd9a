import 'reflect-metadata'
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { NestFactory } from '@nestjs/core'
import { describeRoute } from './http-cases.js'
import { issuer, network } from './issuer.js'

const { AppModule } = await import('./out/nest-app.js')
const app = await NestFactory.create(AppModule, { logger: false })
await app.listen(0, '127.0.0.1')
const url = await app.getUrl()
after(() => app.close())

const get = (path, authorization) => network(`${url}${path}`, { headers: authorization && { authorization } })

// The middleware in front of the route names no scope.
describeRoute('nest-app.ts', authorization => get('/users', authorization), 'Bearer realm="api"')

for (const [path, token, status] of [
  ['/health', undefined, 200],
  ['/users/me', undefined, 401],
  ['/users/me', { scope: 'a b' }, 200],
  ['/nowhere', undefined, 401],
]) {
  it(`nest-app.ts: ${path} ${token === undefined ? 'without' : 'with'} a token is ${status}`, async () => {
    const answer = await get(path, token && (await issuer.bearer(token)))
    assert.equal(answer.status, status)
    if (token !== undefined) assert.deepEqual(await answer.json(), { scopes: ['a', 'b'] })
  })
}
