import { expect } from 'chai'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import express4 from 'express4'
import request from 'supertest'
import { authorizationServer } from '../../lib/authorization-server/index.js'
import { resourceServer } from '../../lib/index.js'
import { testIssuer } from '../../lib/testing/index.js'
import { startServer } from '../authorization-server/fixtures.js'
import { withoutStrays } from '../support/thrown.js'

const AUDIENCE = 'https://api.example.com'
const EXPRESS = { 'Express 5': express, 'Express 4': express4 }

const issuer = await testIssuer({ audience: AUDIENCE })
const api = resourceServer(issuer.resourceServerOptions)
const { server } = await startServer()

/** By how they are written: what a host may hand over, and should have called. */
const factories: Readonly<Record<string, unknown>> = {
  requireAuth: api.requireAuth,
  requireScope: api.requireScope,
  'requireScope.any': api.requireScope.any,
  requirePermission: api.requirePermission,
  'requirePermission.any': api.requirePermission.any,
  requireClaims: api.requireClaims,
  'requireAuth(…).handle': api.requireAuth().handle,
  'requireScope(…).handle': api.requireScope('a').handle,
  'requireClaims(…).handle': api.requireClaims({ sub: 'a' }).handle,
  ready: api.ready,
  exportKeys: api.exportKeys,
  resourceServer,
  authorizationServer,
  health: server.health,
}

describe('a factory that is handed over as a middleware', () => {
  for (const [version, createExpress] of Object.entries(EXPRESS)) {
    for (const [name, factory] of Object.entries(factories)) {
      it(`answers at once, lets nothing pass, and says what to write: ${name} (${version})`, () =>
        withoutStrays(async () => {
          const thrown: unknown[] = []
          const app = createExpress()
          const passed = () => expect.fail('the request passed')
          app.get('/route', factory as RequestHandler, passed)
          app.use('/router', factory as RequestHandler, passed)
          app.use(((error, _req, res, _next) => {
            thrown.push(error)
            res.status(500).json({})
          }) as ErrorRequestHandler)
          const authorization = await issuer.bearer({ scope: 'a' })
          for (const path of ['/route', '/router']) {
            await request(app).get(path).set({ authorization }).expect(500)
            const error = thrown.pop()
            expect(error).to.be.instanceOf(TypeError).and.include({ code: 'ERR_INVALID_ARG_TYPE' })
            expect((error as Error).message).to.include(`${name} is not a middleware`)
          }
        }))
    }
  }

  const wrong: { description: string; build: () => unknown }[] = [
    { description: 'handle without a function', build: () => (api.requireAuth().handle as () => unknown)() },
    {
      description: 'handle with a text',
      build: () => (api.requireAuth().handle as unknown as (x: string) => unknown)('x'),
    },
    { description: 'requireClaims without anything', build: () => (api.requireClaims as () => unknown)() },
    { description: 'requireClaims with no claim', build: () => api.requireClaims({}) },
    {
      description: 'requireClaims with a text',
      build: () => (api.requireClaims as unknown as (x: string) => unknown)('org'),
    },
    { description: 'requireClaims with a list', build: () => (api.requireClaims as (x: object) => unknown)(['org']) },
    {
      description: 'requireClaims with nothing demanded of a claim',
      build: () => api.requireClaims({ org: undefined } as unknown as { org: string }),
    },
    {
      description: 'requireClaims with a symbol',
      build: () => api.requireClaims({ org: Symbol('x') } as unknown as { org: string }),
    },
  ]
  for (const { description, build } of wrong) {
    it(`is not what is refused when it is built: ${description}`, () => {
      expect(build)
        .to.throw(TypeError)
        .with.property('code')
        .that.matches(/^ERR_INVALID_ARG_/)
    })
  }
})
