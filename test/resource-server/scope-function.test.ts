import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Express } from 'express'
import express4 from 'express4'
import request from 'supertest'
import { type ResourceServerEvent, resourceServer, type ScopeFunction } from '../../lib/index.js'
import { type TestIssuer, testIssuer } from '../../lib/testing/index.js'
import { parseChallenges } from '../support/parse-challenges.js'

const AUDIENCE = 'https://api.example.com'
const EXPRESS = { 'Express 5': express, 'Express 4': express4 }

describe('scopes that a function of the request names', () => {
  let issuer: TestIssuer
  let events: ResourceServerEvent[]
  beforeEach(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
    events = []
  })

  function createApp(createExpress: () => Express, name: ScopeFunction = req => `read:${req.params['x']}`): Express {
    const onEvent = (event: ResourceServerEvent) => void events.push(event)
    const { requireScope, requirePermission } = resourceServer({ ...issuer.resourceServerOptions, onEvent })
    const app = createExpress().set('env', 'test')
    app.get('/all/:x', requireScope(name), (_req, res) => void res.json({}))
    app.get('/one/:x', requireScope.any(name), (_req, res) => void res.json({}))
    app.get('/permission/:x', requirePermission(name), (_req, res) => void res.json({}))
    app.use(((_error, _req, res, _next) => {
      res.status(500).json({})
    }) as ErrorRequestHandler)
    return app
  }

  const call = async (app: Express, path: string, claims: Record<string, unknown>) =>
    request(app)
      .get(path)
      .set('authorization', await issuer.bearer({ claims }))

  const odd = {
    'a blank': 'a%20b',
    'a quote': '%22',
    'a backslash': '%5C',
    'a letter beyond ASCII': '%C3%A9',
    'a control character': '%00',
    'a line break': '%0D%0AX-Evil:%20yes',
    'another scope': 'a%20admin',
    'an emoji': '%F0%9F%94%91',
  }
  for (const [version, createExpress] of Object.entries(EXPRESS)) {
    for (const [description, segment] of Object.entries(odd)) {
      it(`are refused with 403, and named nowhere, where they hold ${description} (${version})`, async () => {
        const app = createApp(createExpress)
        for (const kind of ['all', 'one', 'permission']) {
          // Not even a token that seems to have it.
          const held = `read:${decodeURIComponent(segment)}`
          const answer = await call(app, `/${kind}/${segment}`, { permissions: [held, 'admin', 'read:a'] })
          expect(answer.status, kind).to.equal(403)
          expect(answer.body.error).to.equal('insufficient_scope')
          const [challenge] = parseChallenges(answer.headers['www-authenticate'] ?? '')
          expect(challenge?.parameters).to.have.all.keys('realm', 'error', 'error_description')
          expect(answer.headers).not.to.have.property('x-evil')
          expect(events.at(-1)).to.include({ status: 403, detail: 'scope_malformed' }).and.not.have.property('scopes')
        }
      })

      it(`are left out of the challenge where nobody says who calls, and they hold ${description} (${version})`, async () => {
        const answer = await request(createApp(createExpress)).get(`/all/${segment}`)
        expect(answer.status).to.equal(401)
        expect(answer.headers['www-authenticate']).to.equal('Bearer realm="api"')
      })
    }
  }

  const lists: {
    description: string
    path: string
    name: string[]
    held: string
    status: number
    scope?: string
  }[] = [
    { description: 'a good one beside an odd one, held', path: '/one/x', name: ['a b', 'a'], held: 'a', status: 200 },
    {
      description: 'a good one beside an odd one, not held',
      path: '/one/x',
      name: ['é', 'a', '"'],
      held: 'b',
      status: 403,
      scope: 'a',
    },
    { description: 'odd ones alone', path: '/one/x', name: ['é', 'a b'], held: 'a b', status: 403 },
    { description: 'a good one, held, and an odd one', path: '/all/x', name: ['a', 'a b'], held: 'a b', status: 403 },
    { description: 'good ones that are held', path: '/all/x', name: ['a', 'b'], held: 'b a', status: 200 },
    {
      description: 'good ones of which one is held',
      path: '/all/x',
      name: ['a', 'b'],
      held: 'b',
      status: 403,
      scope: 'a b',
    },
  ]
  for (const { description, path, name, held, status, scope } of lists) {
    it(`are ${description} at ${path}: ${status}`, async () => {
      const answer = await call(
        createApp(express, () => name),
        path,
        { scope: held },
      )
      expect(answer.status).to.equal(status)
      if (status === 200) return
      const [challenge] = parseChallenges(answer.headers['www-authenticate'] ?? '')
      expect(challenge?.parameters['scope']).to.equal(scope)
    })
  }
})
