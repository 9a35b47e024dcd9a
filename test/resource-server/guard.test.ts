import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import express4 from 'express4'
import request from 'supertest'
import type { ResourceServerEvent, ResourceServerOptions } from '../../lib/index.js'
import { resourceServer } from '../../lib/index.js'
import { type TestIssuer, type TestTokenOptions, testIssuer } from '../../lib/testing/index.js'
import type { HttpRequest, HttpResponse } from '../../lib/http/handler.js'
import { listen } from '../support/running.js'
import { setClock } from '../support/set-clock.js'
import { withoutStrays } from '../support/thrown.js'

const AUDIENCE = 'https://api.example.com'
const EXPRESS = { 'Express 5': express, 'Express 4': express4 }

describe('a guard', () => {
  let issuer: TestIssuer
  beforeEach(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
  })

  function createApp(options: Partial<ResourceServerOptions> = {}): Express {
    const { requireScope } = resourceServer({ ...issuer.resourceServerOptions, ...options })
    return express().get('/all', requireScope('a', 'b'), (_req, res) => res.json({}))
  }

  it('says in its event whose token it was, how old the keys are, and how long it took', async () => {
    const clock = setClock()
    issuer = await testIssuer({ audience: AUDIENCE, clock })
    const events: ResourceServerEvent[] = []
    const app = createApp({ onEvent: event => void events.push(event) })
    const call = async (options: TestTokenOptions) =>
      request(app)
        .get('/all')
        .set('authorization', await issuer.bearer(options))
    const kid = issuer.jwks().keys[0]?.kid
    await call({ scope: 'a b' })
    clock.advance(7_000)
    await call({ expiresIn: -60 })
    await call({ scope: 'a' })
    await call({ claims: { iss: 'https://evil.test' } })
    await call({ header: { kid: 'x'.repeat(300) } })
    const refusals = events.filter(event => event.type === 'refused')
    expect(refusals.map(({ durationMs }) => durationMs >= 0)).to.deep.equal([true, true, true, true])
    const told = refusals.map(({ detail, issuer: named, kid: known, ageMs }) => ({ detail, named, known, ageMs }))
    expect(told[0]).to.deep.equal({ detail: 'expired', named: issuer.issuer, known: kid, ageMs: 7_000 })
    expect(told[1]).to.deep.equal({ detail: 'scope_missing', named: issuer.issuer, known: kid, ageMs: undefined })
    expect(told[2]).to.deep.equal({ detail: 'issuer', named: undefined, known: kid, ageMs: undefined })
    expect(told[3]).to.deep.equal({ detail: 'key', named: issuer.issuer, known: undefined, ageMs: 0 })
  })

  const checks: { description: string; options: Partial<ResourceServerOptions>; detail: string }[] = [
    { description: 'is revoked', options: { isRevoked: () => true }, detail: 'revoked' },
    { description: 'is revoked, later', options: { isRevoked: async () => true }, detail: 'revoked' },
    { description: 'comes as a bearer token', options: {}, detail: 'bound_token_as_bearer' },
  ]
  for (const { description, options, detail } of checks) {
    it(`says in its event whose token it was that ${description}`, async () => {
      const events: ResourceServerEvent[] = []
      const app = createApp({ ...options, onEvent: event => void events.push(event) })
      const claims = detail === 'revoked' ? {} : { cnf: { jkt: 'x' } }
      const bearer = await issuer.bearer({ scope: 'a b', claims })
      await request(app).get('/all').set('authorization', bearer).expect(401)
      const kid = issuer.jwks().keys[0]?.kid
      expect(events.at(-1)).to.include({ type: 'refused', detail, issuer: issuer.issuer, kid })
    })
  }

  it('says in an outage whose keys are wanted, and how old those are that were had', async () => {
    const clock = setClock()
    issuer = await testIssuer({ audience: AUDIENCE, clock })
    const events: ResourceServerEvent[] = []
    const app = createApp({ onEvent: event => void events.push(event) })
    const bearer = await issuer.bearer({ scope: 'a b', expiresIn: 86_400 })
    await request(app).get('/all').set('authorization', bearer).expect(200)
    issuer.fail('error')
    clock.advance(3_600_000)
    await request(app).get('/all').set('authorization', bearer).expect(503)
    expect(events.at(-1)).to.include({ type: 'refused', status: 503, issuer: issuer.issuer, ageMs: 3_600_000 })
  })

  it('waits for keys that come late, and asks once for all who wait', async () => {
    const app = createApp()
    const answerNow = issuer.delay()
    const bearer = await issuer.bearer({ scope: 'a b' })
    const calls = Array.from({ length: 5 }, () => request(app).get('/all').set('authorization', bearer))
    const answers = Promise.all(calls.map(call => call.expect(200)))
    while (issuer.fetchCount === 0) await new Promise(resolve => setImmediate(resolve))
    answerNow()
    await answers
    expect(issuer.fetchCount).to.equal(1)
  })

  describe('exactly one answer', () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    const cases: {
      description: string
      options?: Partial<ResourceServerOptions>
      route?: RequestHandler
      status: number
    }[] = [
      { description: 'a listener that throws', options: { onEvent: broken }, status: 403 },
      { description: 'a listener that rejects', options: { onEvent: async () => broken() }, status: 403 },
      { description: 'a predicate that throws', options: { claims: { sub: broken } }, status: 401 },
      { description: 'a hook that throws', options: { isRevoked: broken }, status: 503 },
      { description: 'a hook that rejects', options: { isRevoked: async () => broken() }, status: 503 },
      { description: 'a handler that throws', route: broken, status: 500 },
      { description: 'a handler that rejects', route: async () => broken(), status: 500 },
    ]
    for (const [name, createExpress] of Object.entries(EXPRESS)) {
      for (const { description, options = {}, route, status } of cases) {
        // Express 4 leaves the rejection of a handler to the handler.
        if (name === 'Express 4' && description === 'a handler that rejects') continue
        it(`is given in spite of ${description} (${name})`, async () => {
          const unhandled: unknown[] = []
          const note = (reason: unknown) => unhandled.push(reason)
          process.on('unhandledRejection', note)
          const { requireAuth, requireScope } = resourceServer({ ...issuer.resourceServerOptions, ...options })
          const app = createExpress().set('env', 'test')
          const guard = status === 403 ? requireScope('wanting') : requireAuth()
          let answered = 0
          app.use((_req, res, next) => {
            const end = res.end
            res.end = ((...args: never[]) => {
              answered++
              return Reflect.apply(end, res, args)
            }) as typeof res.end
            next()
          })
          app.get('/', guard, route ?? ((_req, res) => res.json({})))
          app.use(((_error, _req, res, _next) => {
            res.status(500).json({})
          }) as ErrorRequestHandler)
          for (let i = 0; i < 3; i++) {
            await request(app)
              .get('/')
              .set('authorization', await issuer.bearer())
              .expect(status)
              .expect(answer => expect('retry-after' in answer.headers).to.equal(status === 503))
          }
          await new Promise(resolve => setImmediate(resolve))
          process.off('unhandledRejection', note)
          expect(answered).to.equal(3)
          expect(unhandled).to.deep.equal([])
        })
      }
    }

    it('is given, and cut off, where a middleware began one and left it', async () => {
      const { requireAuth } = resourceServer(issuer.resourceServerOptions)
      const app = express().set('env', 'test')
      app.get(
        '/',
        (_req, res, next) => {
          res.write('begun')
          next()
        },
        requireAuth(),
        () => expect.fail('the request passed'),
      )
      const running = await listen(() => app)
      const body = fetch(running.url).then(answer => answer.text())
      expect(await body.catch(() => 'cut off')).to.equal('cut off')
      await running.stop()
    })

    it('is given where what comes next throws to the guard itself, with no router between them', () =>
      withoutStrays(async () => {
        const guard = resourceServer(issuer.resourceServerOptions).requireAuth()
        const authorization = await issuer.bearer()
        const request = { method: 'GET', headers: { authorization }, rawHeaders: [] } as unknown as HttpRequest
        const told: unknown[] = []
        await new Promise<void>(resolve => {
          guard(request, {} as HttpResponse, error => {
            told.push(error)
            if (told.length === 1) throw undefined
            resolve()
          })
        })
        expect(told).to.have.length(2)
        expect(told[0]).to.equal(undefined)
        expect(told[1]).to.be.an('error')
      }))

    it('is given where the client is gone before the keys are there', async () => {
      const app = createApp()
      const answerNow = issuer.delay()
      const running = await listen(() => app)
      const aborting = new AbortController()
      const headers = { authorization: await issuer.bearer({ scope: 'a b' }) }
      const gone = fetch(`${running.url}/all`, { headers, signal: aborting.signal }).catch(() => 'gone')
      while (issuer.fetchCount === 0) await new Promise(resolve => setImmediate(resolve))
      aborting.abort()
      expect(await gone).to.equal('gone')
      answerNow()
      expect((await fetch(`${running.url}/all`, { headers })).status).to.equal(200)
      await running.stop()
    })
  })

  for (const [name, createExpress] of Object.entries(EXPRESS)) {
    it(`hands the request on to its own handler, with the token, and what that throws to the next one (${name})`, async () => {
      const { requireAuth, requireScope } = resourceServer<{ org: string }>(issuer.resourceServerOptions)
      const app = createExpress()
      app.get(
        '/org',
        requireAuth().handle((req, res) => {
          res.json({ org: req.auth.payload.org, client: req.auth.clientId })
        }),
      )
      app.get(
        '/throws',
        requireAuth().handle(() => {
          throw new Error('thrown')
        }),
      )
      app.get(
        '/rejects',
        requireScope('a').handle(async () => Promise.reject(new Error('rejected'))),
      )
      app.use(((error, _req, res, _next) => {
        res.status(500).json({ message: error.message })
      }) as ErrorRequestHandler)
      const authorization = await issuer.bearer({ scope: 'a', claims: { org: 'acme' } })
      const call = (path: string) => request(app).get(path).set({ authorization })
      expect((await call('/org')).body).to.deep.equal({ org: 'acme', client: 'test-client' })
      expect((await call('/throws')).body).to.deep.equal({ message: 'thrown' })
      expect((await call('/rejects')).body).to.deep.equal({ message: 'rejected' })
      expect((await request(app).get('/org')).status).to.equal(401)
    })
  }

  it('demands what its function of the request named, whatever becomes of that list', async () => {
    const named = ['a']
    const app = express().get(
      '/',
      resourceServer(issuer.resourceServerOptions).requireScope(() => named),
      (_req, res) => {
        res.json({})
      },
    )
    const answer = request(app)
      .get('/')
      .set('authorization', await issuer.bearer({ scope: 'b' }))
    const answerNow = issuer.delay()
    const status = answer.then(({ status }) => status)
    while (issuer.fetchCount === 0) await new Promise(resolve => setImmediate(resolve))
    named[0] = 'b'
    answerNow()
    expect(await status).to.equal(403)
  })

  const namings: { description: string; name: () => unknown }[] = [
    { description: 'nothing', name: () => undefined },
    { description: 'null', name: () => null },
    { description: 'no scope', name: () => [] },
    { description: 'an empty scope', name: () => '' },
    { description: 'a number', name: () => [1] },
    { description: 'an empty scope beside a good one', name: () => ['a', ''] },
    { description: 'an object', name: () => ({ scope: 'a' }) },
    { description: 'a promise', name: async () => 'a' },
  ]
  for (const { description, name } of namings) {
    it(`lets nobody pass where its function of the request names ${description}`, async () => {
      const { requireScope } = resourceServer(issuer.resourceServerOptions)
      const app = express()
        .get('/all', requireScope(name as () => string), (_req, res) => res.json({}))
        .get('/one', requireScope.any(name as () => string), (_req, res) => res.json({}))
      app.use(((error, _req, res, _next) => {
        res.status(500).json({ code: error.code })
      }) as ErrorRequestHandler)
      for (const path of ['/all', '/one']) {
        const answer = await request(app)
          .get(path)
          .set('authorization', await issuer.bearer({ scope: 'a b' }))
        expect(answer.status, path).to.equal(500)
        expect(answer.body.code, path).to.match(/^ERR_INVALID_ARG_(TYPE|VALUE)$/)
      }
    })
  }

  it('has no handler of its own where there may be no token', () => {
    const { requireAuth, requireScope } = resourceServer({ ...issuer.resourceServerOptions, optional: true })
    expect(() => requireAuth().handle(() => undefined)).to.throw(TypeError, 'optional')
    expect(() => requireScope('a').handle(() => undefined)).not.to.throw()
  })
})
