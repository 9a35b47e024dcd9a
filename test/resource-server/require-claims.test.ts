import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Express } from 'express'
import express4 from 'express4'
import request from 'supertest'
import {
  type AuthInfo,
  type ClaimDemand,
  getAuth,
  type ResourceServerEvent,
  type ResourceServerOptions,
  resourceServer,
} from '../../lib/index.js'
import { type TestIssuer, testIssuer } from '../../lib/testing/index.js'
import { parseChallenges } from '../support/parse-challenges.js'
import { THROWN, WAYS, withoutStrays } from '../support/thrown.js'

const AUDIENCE = 'https://api.example.com'
const EXPRESS = { 'Express 5': express, 'Express 4': express4 }

describe('requireClaims', () => {
  let issuer: TestIssuer
  let events: ResourceServerEvent[]
  let errors: unknown[]
  beforeEach(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
    events = []
    errors = []
  })

  type Guards = ReturnType<typeof resourceServer>

  function createApp(
    build: (guards: Guards) => express.RequestHandler | express.RequestHandler[],
    {
      createExpress = express as () => Express,
      ...options
    }: Partial<ResourceServerOptions> & { createExpress?: () => Express } = {},
  ): Express {
    const onEvent = (event: ResourceServerEvent) => void events.push(event)
    const guards = resourceServer({ ...issuer.resourceServerOptions, onEvent, ...options })
    const app = createExpress().set('env', 'test')
    app.get(
      '/:org',
      [build(guards)].flat(),
      (req: express.Request, res: express.Response) => void res.json({ client: getAuth(req).clientId }),
    )
    app.use(((error, _req, res, _next) => {
      errors.push(error)
      res.status(500).json({})
    }) as ErrorRequestHandler)
    return app
  }

  const call = async (app: Express, claims: Record<string, unknown> = {}) =>
    request(app)
      .get('/o1')
      .set('authorization', await issuer.bearer({ scope: 'a', claims }))

  function expectRefusal(answer: request.Response, detail: string): void {
    expect(answer.status).to.equal(403)
    expect(answer.body.error).to.equal('insufficient_scope')
    const [challenge] = parseChallenges(answer.headers['www-authenticate'] ?? '')
    expect(challenge?.parameters).to.have.all.keys('realm', 'error', 'error_description')
    expect(challenge?.parameters['error']).to.equal('insufficient_scope')
    expect(events.at(-1)).to.include({ type: 'refused', status: 403, detail, issuer: issuer.issuer })
    expect(errors).to.deep.equal([])
  }

  const demands: {
    description: string
    demand: Record<string, ClaimDemand>
    claims: Record<string, unknown>
    passes: boolean
  }[] = [
    { description: 'the value', demand: { org_id: 'o1' }, claims: { org_id: 'o1' }, passes: true },
    { description: 'another value', demand: { org_id: 'o1' }, claims: { org_id: 'o2' }, passes: false },
    { description: 'no claim', demand: { org_id: 'o1' }, claims: {}, passes: false },
    { description: 'a list with the value', demand: { org_id: 'o1' }, claims: { org_id: ['o1'] }, passes: false },
    { description: 'a number for a text', demand: { level: '1' }, claims: { level: 1 }, passes: false },
    { description: 'an equal object', demand: { org: { id: 1 } }, claims: { org: { id: 1 } }, passes: true },
    { description: 'a larger object', demand: { org: { id: 1 } }, claims: { org: { id: 1, x: 1 } }, passes: false },
    { description: 'null for null', demand: { org: null }, claims: { org: null }, passes: true },
    { description: 'nothing for null', demand: { org: null }, claims: {}, passes: false },
    { description: 'an inherited name', demand: { constructor: () => true }, claims: {}, passes: false },
    { description: 'both claims', demand: { a: 1, b: 2 }, claims: { a: 1, b: 2 }, passes: true },
    { description: 'one of two claims', demand: { a: 1, b: 2 }, claims: { a: 1, b: 1 }, passes: false },
    { description: 'what a predicate takes', demand: { n: n => n === 1 }, claims: { n: 1 }, passes: true },
    { description: 'what a predicate does not take', demand: { n: n => n === 1 }, claims: { n: 2 }, passes: false },
    {
      description: 'a predicate that gives a truthy text',
      demand: { n: () => 'yes' as unknown as boolean },
      claims: { n: 1 },
      passes: false,
    },
    {
      description: 'a predicate that gives a promise',
      demand: { n: async () => true } as unknown as Record<string, ClaimDemand>,
      claims: { n: 1 },
      passes: false,
    },
    {
      description: 'a predicate of all claims',
      demand: { n: (n, payload) => n === payload.sub },
      claims: { n: 'x', sub: 'x' },
      passes: true,
    },
  ]
  for (const { description, demand, claims, passes } of demands) {
    it(`${passes ? 'lets pass' : 'refuses'} a token with ${description}, seen before or not`, async () => {
      const app = createApp(({ requireClaims }) => requireClaims(demand))
      const authorization = await issuer.bearer({ claims })
      for (let i = 0; i < 3; i++) {
        const answer = await request(app).get('/o1').set({ authorization })
        if (passes) expect(answer.status).to.equal(200)
        else expectRefusal(answer, 'claims_mismatch')
      }
    })
  }

  const ofRoute = (auth: AuthInfo, req: { params: Record<string, string> }) =>
    auth.payload['org_id'] === req.params['org']
  const checks: {
    description: string
    check: (auth: AuthInfo, req: { params: Record<string, string> }) => unknown
    detail?: string
  }[] = [
    { description: 'true', check: () => true },
    { description: 'true, later', check: async () => true },
    { description: 'true of the token and the route', check: ofRoute },
    { description: 'true of them, later', check: async (auth, req) => ofRoute(auth, req) },
    { description: 'false', check: () => false, detail: 'claims_mismatch' },
    { description: 'false, later', check: async () => false, detail: 'claims_mismatch' },
    { description: 'nothing', check: () => undefined, detail: 'claims_check_failed' },
    { description: 'nothing, later', check: async () => undefined, detail: 'claims_check_failed' },
    { description: 'a text', check: () => 'true', detail: 'claims_check_failed' },
    { description: 'a number', check: () => 1, detail: 'claims_check_failed' },
    { description: 'an object, later', check: async () => ({}), detail: 'claims_check_failed' },
  ]
  for (const [version, createExpress] of Object.entries(EXPRESS)) {
    for (const { description, check, detail } of checks) {
      it(`${detail === undefined ? 'lets pass' : 'refuses'} where its function answers ${description} (${version})`, async () => {
        const app = createApp(({ requireClaims }) => requireClaims(check as () => boolean), { createExpress })
        const answer = await call(app, { org_id: 'o1' })
        if (detail === undefined) expect(answer.status).to.equal(200)
        else expectRefusal(answer, detail)
      })
    }

    for (const [way, brokenBy] of Object.entries(WAYS)) {
      it(`refuses where its function ${way}, and lets nothing pass (${version})`, () =>
        withoutStrays(async () => {
          for (const value of Object.values(THROWN)) {
            const check = brokenBy(value) as () => boolean
            const app = createApp(({ requireClaims }) => requireClaims(check), { createExpress })
            expectRefusal(await call(app), 'claims_check_failed')
          }
        }))
    }
  }

  it('keeps what its function threw as the cause of the error, for the app alone', async () => {
    const cause = new Error('no database')
    const check = () => Promise.reject(cause)
    const { requireClaims } = resourceServer({ ...issuer.resourceServerOptions, errors: 'next' })
    const app = express().get('/', requireClaims(check), (_req, res) => void res.json({}))
    app.use(((error, _req, res, _next) => {
      errors.push(error)
      res.status(error.status).json(error)
    }) as ErrorRequestHandler)
    const { text } = await request(app)
      .get('/')
      .set('authorization', await issuer.bearer())
      .expect(403)
    expect(errors).to.have.nested.property('[0].cause', cause)
    expect(text).not.to.include(cause.message)
  })

  it('answers a request without a credential with 401, also where credentials are optional', async () => {
    for (const optional of [false, true]) {
      const app = createApp(({ requireClaims }) => requireClaims(() => true), { optional })
      const answer = await request(app).get('/o1')
      expect(answer.status).to.equal(401)
      expect(answer.headers['www-authenticate']).to.equal('Bearer realm="api"')
    }
  })

  it('never asks about a token that is not good', async () => {
    const check = () => expect.fail('asked') as never
    const app = createApp(({ requireClaims }) => [requireClaims(check), requireClaims({ sub: check })])
    for (const authorization of ['Bearer abc', await issuer.bearer({ expiresIn: -60 })]) {
      await request(app).get('/o1').set({ authorization }).expect(401)
    }
  })

  it('authenticates once, whatever guards it stands among', async () => {
    let asked = 0
    const isRevoked = () => {
      asked++
      return false
    }
    const seen: AuthInfo[] = []
    const note = (auth: AuthInfo) => {
      seen.push(auth)
      return true
    }
    const guardsOf = ({ requireAuth, requireScope, requireClaims }: Guards) => [
      requireClaims(note),
      requireScope('a'),
      requireClaims({ org_id: 'o1' }),
      requireAuth(),
      requireClaims(async auth => note(auth)),
    ]
    const answer = await call(createApp(guardsOf, { isRevoked }), { org_id: 'o1' })
    expect(answer.status).to.equal(200)
    expect(asked).to.equal(1)
    expect(seen).to.have.length(2)
    expect(seen[0]).to.equal(seen[1])
  })

  it('hands the request on to its own handler', async () => {
    const app = createApp(({ requireClaims }) =>
      requireClaims({ org_id: 'o1' }).handle((req, res) => {
        res.json({ org: req.params['org'], sub: req.auth.payload.sub })
      }),
    )
    expect((await call(app, { org_id: 'o1', sub: 'ada' })).body).to.deep.equal({ org: 'o1', sub: 'ada' })
    expectRefusal(await call(app, { org_id: 'o2' }), 'claims_mismatch')
  })

  it('demands what was there when it was built', async () => {
    const demand = { org_id: 'o1' }
    const app = createApp(({ requireClaims }) => requireClaims(demand))
    demand.org_id = 'o2'
    expectRefusal(await call(app, { org_id: 'o2' }), 'claims_mismatch')
    expect((await call(app, { org_id: 'o1' })).status).to.equal(200)
  })
})
