import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Express } from 'express'
import express4 from 'express4'
import request from 'supertest'
import { OAuthError, resourceServer } from '../../lib/index.js'
import { type TestIssuer, type TestTokenOptions, testIssuer } from '../../lib/testing/index.js'

const AUDIENCE = 'https://api.example.com'
const EXPRESS = { 'Express 5': express, 'Express 4': express4 }

describe("a refusal that goes to the app's own error handler", () => {
  let issuer: TestIssuer
  let errors: unknown[]
  beforeEach(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
    errors = []
  })

  function createApp(createExpress: () => Express, handler?: ErrorRequestHandler): Express {
    const options = {
      ...issuer.resourceServerOptions,
      errors: 'next',
      isRevoked: () => Promise.reject(new Error('db')),
    }
    const { requireScope } = resourceServer({ ...options, errors: 'next' })
    const plain = resourceServer({ ...issuer.resourceServerOptions, errors: 'next' })
    const app = createExpress().set('env', 'test')
    app.get('/', plain.requireScope('a'), (_req, res) => void res.json({}))
    app.get('/hook', requireScope('a'), (_req, res) => void res.json({}))
    const note: ErrorRequestHandler = (error, _req, _res, next) => {
      errors.push(error)
      next(error)
    }
    app.use(note)
    if (handler !== undefined) app.use(handler)
    return app
  }

  const careless: ErrorRequestHandler = (error, _req, res, _next) => {
    res.status(error.statusCode).json(error)
  }
  const refusals: { description: string; path?: string; token?: TestTokenOptions; status: number; detail: string }[] = [
    { description: 'no token', status: 401, detail: 'no_credential' },
    { description: 'an expired token', token: { expiresIn: -60 }, status: 401, detail: 'expired' },
    { description: 'a token without the scope', token: { scope: 'b' }, status: 403, detail: 'scope_missing' },
    {
      description: 'a hook that fails',
      path: '/hook',
      token: { scope: 'a' },
      status: 503,
      detail: 'revocation_unknown',
    },
  ]
  for (const [version, createExpress] of Object.entries(EXPRESS)) {
    for (const { description, path = '/', token, status, detail } of refusals) {
      it(`shows nothing but what is public when it is sent as JSON: ${description} (${version})`, async () => {
        const call = request(createApp(createExpress, careless)).get(path)
        const answer = await (token === undefined ? call : call.set('authorization', await issuer.bearer(token)))
        expect(answer.status).to.equal(status)
        const public_ = ['status', 'statusCode', 'code', 'headers', 'expose']
        expect(answer.body).to.have.all.keys(status === 401 && token === undefined ? public_ : [...public_, 'error'])
        // Others are words of the answer too.
        if (detail.includes('_')) expect(answer.text).not.to.include(detail)
        expect(answer.text).not.to.include(issuer.issuer)
        expect(errors).to.have.length(1)
        const [error] = errors
        expect(error).to.be.instanceOf(OAuthError).and.have.property('detail', detail)
        if (token !== undefined) expect(error).to.have.nested.property('refusedToken.issuer', issuer.issuer)
      })

      it(`is not to be stored, with or without a handler: ${description} (${version})`, async () => {
        for (const handler of [careless, undefined]) {
          const call = request(createApp(createExpress, handler)).get(path)
          const answer = await (token === undefined ? call : call.set('authorization', await issuer.bearer(token)))
          expect(answer.status).to.equal(status)
          expect(answer.headers['cache-control']).to.equal('no-store')
        }
      })
    }
  }
})
