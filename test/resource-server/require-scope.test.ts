import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Express } from 'express'
import request from 'supertest'
import type { ResourceServerOptions } from '../../lib/index.js'
import { findAuth, getAuth, resourceServer } from '../../lib/index.js'
import { type TestIssuer, testIssuer } from '../../lib/testing/index.js'
import { setClock } from '../support/set-clock.js'

const AUDIENCE = 'https://api.example.com'

describe('guards', () => {
  let issuer: TestIssuer
  beforeEach(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
  })

  function createApp(options: Partial<ResourceServerOptions> = {}): Express {
    const guards = resourceServer({ ...issuer.resourceServerOptions, ...options })
    const app = express()
    app.use(express.urlencoded({ extended: false }))
    app.get('/any-token', guards.requireAuth(), (req, res) => res.json({ client: findAuth(req)?.clientId ?? null }))
    app.get('/all', guards.requireScope('a', 'b'), (_req, res) => res.json({}))
    app.get('/one', guards.requireScope.any('a', 'b'), (_req, res) => res.json({}))
    app.get('/permission', guards.requirePermission('a'), (_req, res) => res.json({}))
    app.get(
      '/tenant/:name',
      guards.requireScope(req => `read:${req.url?.split('/')[2]}`),
      (_req, res) => res.json({}),
    )
    app.post('/form', guards.requireScope('a'), (_req, res) => res.json({}))
    return app
  }

  const credentials: { description: string; authorization?: string | string[]; status: number; error?: string }[] = [
    { description: 'nothing', status: 401, error: 'unauthorized' },
    { description: 'another scheme', authorization: 'Basic abc', status: 401, error: 'unauthorized' },
    { description: 'the scheme alone', authorization: 'Bearer', status: 400, error: 'invalid_request' },
    { description: 'the scheme and blanks', authorization: 'Bearer  ', status: 400, error: 'invalid_request' },
    { description: 'no blank', authorization: 'BearerTOKEN', status: 401, error: 'unauthorized' },
    { description: 'trailing junk', authorization: 'Bearer TOKEN junk', status: 400, error: 'invalid_request' },
    { description: 'a list', authorization: 'Bearer TOKEN, Bearer TOKEN', status: 400, error: 'invalid_request' },
    { description: 'a word', authorization: 'Bearer abc', status: 401, error: 'invalid_token' },
    { description: 'the token', authorization: 'Bearer TOKEN', status: 200 },
    { description: 'the scheme in another case', authorization: 'bEaReR TOKEN', status: 200 },
    { description: 'several blanks', authorization: 'Bearer   TOKEN', status: 200 },
  ]
  for (const { description, authorization, status, error } of credentials) {
    it(`answers ${description} with ${status}`, async () => {
      const token = await issuer.token({ scope: 'a b' })
      const call = request(createApp()).get('/all')
      if (authorization !== undefined) call.set('authorization', String(authorization).replaceAll('TOKEN', token))
      const answer = await call
      expect(answer.status).to.equal(status)
      if (status === 200) return
      expect(answer.body).to.have.all.keys('error', 'error_description')
      expect(answer.body.error).to.equal(error)
      expect(answer.headers['cache-control']).to.equal('no-store')
      const challenge = answer.headers['www-authenticate']
      expect(challenge).to.match(/^Bearer realm="api"/)
      if (error === 'unauthorized') expect(challenge).not.to.include('error')
      else expect(challenge).to.include(`error="${error}"`)
      expect(answer.headers['access-control-expose-headers']).to.equal('WWW-Authenticate')
      expect(answer.text + challenge).not.to.include(token.slice(-20))
    })
  }

  it('refuses a token that is bound to a key, whatever the binding, where it comes as a bearer token', async () => {
    for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}, null]) {
      const bearer = await issuer.bearer({ scope: 'a b', claims: { cnf } })
      await request(createApp()).get('/all').set('authorization', bearer).expect(401)
    }
  })

  it('never reads a token from the query, and from a form only where that is wanted', async () => {
    const token = await issuer.token({ scope: 'a b' })
    await request(createApp()).get(`/all?access_token=${token}`).expect(401)
    const form = (app: Express) => request(app).post('/form').type('form').send({ access_token: token })
    await form(createApp()).expect(401)
    await form(createApp({ formBody: true })).expect(200)
    await form(createApp({ formBody: true }))
      .set('authorization', `Bearer ${token}`)
      .expect(400)
  })

  const scopes: { description: string; path: string; claims: Record<string, unknown>; status: number }[] = [
    { description: 'all scopes', path: '/all', claims: { scope: 'b a' }, status: 200 },
    { description: 'one of two', path: '/all', claims: { scope: 'a' }, status: 403 },
    { description: 'one of two, where one is enough', path: '/one', claims: { scope: 'b' }, status: 200 },
    { description: 'none, where one is enough', path: '/one', claims: { scope: 'c' }, status: 403 },
    { description: 'a prefix', path: '/one', claims: { scope: 'a:x' }, status: 403 },
    { description: 'a substring', path: '/one', claims: { scope: 'xax' }, status: 403 },
    { description: 'another case', path: '/one', claims: { scope: 'A' }, status: 403 },
    { description: 'another separator', path: '/one', claims: { scope: 'a,b' }, status: 403 },
    { description: 'a tab', path: '/one', claims: { scope: 'a\tb' }, status: 403 },
    { description: 'a list in scope', path: '/all', claims: { scope: ['a', 'b'] }, status: 200 },
    { description: 'scp', path: '/all', claims: { scope: undefined, scp: 'a b' }, status: 200 },
    { description: 'scp beside scope', path: '/all', claims: { scope: 'a', scp: 'a b' }, status: 403 },
    { description: 'an object in scope', path: '/one', claims: { scope: { a: true } }, status: 403 },
    { description: 'a number in scope', path: '/one', claims: { scope: 1 }, status: 403 },
    { description: 'permissions', path: '/all', claims: { permissions: ['a', 'b'] }, status: 200 },
    {
      description: 'empty permissions beside scope',
      path: '/all',
      claims: { scope: 'a b', permissions: [] },
      status: 403,
    },
    { description: 'permissions as a text', path: '/all', claims: { permissions: 'b a' }, status: 200 },
    { description: 'the permission in a text', path: '/permission', claims: { permissions: 'b a' }, status: 200 },
    { description: 'one of two permissions in a text', path: '/all', claims: { permissions: 'a' }, status: 403 },
    { description: 'permissions with a comma', path: '/one', claims: { permissions: 'a,b' }, status: 403 },
    {
      description: 'permissions as an empty text beside scope',
      path: '/all',
      claims: { scope: 'a b', permissions: '' },
      status: 403,
    },
    {
      description: 'permissions as an object beside scope',
      path: '/all',
      claims: { scope: 'a b', permissions: { a: true, b: true } },
      status: 403,
    },
    {
      description: 'permissions as a number beside scope',
      path: '/all',
      claims: { scope: 'a b', permissions: 1 },
      status: 403,
    },
    { description: 'permissions of mixed types', path: '/one', claims: { permissions: ['a', 1] }, status: 403 },
    { description: 'scope where the permission is wanted', path: '/permission', claims: { scope: 'a' }, status: 403 },
    { description: 'the permission', path: '/permission', claims: { permissions: ['a'] }, status: 200 },
    {
      description: 'the scope that the request names',
      path: '/tenant/acme',
      claims: { scope: 'read:acme' },
      status: 200,
    },
    { description: 'another one', path: '/tenant/acme', claims: { scope: 'read:globex' }, status: 403 },
  ]
  for (const { description, path, claims, status } of scopes) {
    it(`answers ${description} at ${path} with ${status}`, async () => {
      const answer = await request(createApp())
        .get(path)
        .set('authorization', await issuer.bearer({ claims }))
      expect(answer.status).to.equal(status)
      if (status === 403)
        expect(answer.headers['www-authenticate']).to.match(/error="insufficient_scope".*scope="[^"]+"/)
    })
  }

  const mistakes: { description: string; build: (guards: ReturnType<typeof resourceServer>) => unknown }[] = [
    { description: 'no scope', build: ({ requireScope }) => (requireScope as (...scopes: string[]) => unknown)() },
    { description: 'an empty scope', build: ({ requireScope }) => requireScope('') },
    { description: 'two scopes in one text', build: ({ requireScope }) => requireScope('a b') },
    {
      description: 'no permission',
      build: ({ requirePermission }) => (requirePermission as (...scopes: string[]) => unknown)(),
    },
    { description: 'a list', build: ({ requireScope }) => requireScope(['a'] as unknown as string) },
  ]
  for (const { description, build } of mistakes) {
    it(`refuses to be built with ${description}`, () => {
      expect(() => build(resourceServer(issuer.resourceServerOptions))).to.throw(TypeError)
    })
  }

  it('lets an absent credential pass where it is optional, a bad one never, an outage neither', async () => {
    const app = createApp({ optional: true })
    await request(app).get('/any-token').expect(200, { client: null })
    await request(app).get('/any-token').set('authorization', 'Bearer abc').expect(401)
    await request(app).get('/all').expect(401)
    issuer.fail('error')
    const answer = await request(app)
      .get('/any-token')
      .set('authorization', await issuer.bearer())
    expect(answer.status).to.equal(503)
  })

  it('never calls an outage a bad token', async () => {
    for (const mode of ['refuse', 'error', 'redirect', 'html', 'garbage', 'huge'] as const) {
      const own = await testIssuer({ audience: AUDIENCE, issuer: `https://${mode}.test` })
      own.fail(mode)
      const { requireAuth } = resourceServer(own.resourceServerOptions)
      const app = express().get('/', requireAuth(), (_req, res) => res.json({}))
      const answer = await request(app)
        .get('/')
        .set('authorization', await own.bearer())
      expect(answer.status, mode).to.equal(503)
      expect(Number(answer.headers['retry-after'])).to.be.within(1, 10)
      expect(answer.headers).not.to.have.property('www-authenticate')
    }
  })

  it('goes on with the keys it has until the stale bound, and recovers at once', async () => {
    const clock = setClock()
    issuer = await testIssuer({ audience: AUDIENCE, clock })
    const app = createApp()
    const bearer = await issuer.bearer({ scope: 'a b', expiresIn: 86_400 })
    const status = async () => (await request(app).get('/all').set('authorization', bearer)).status
    expect(await status()).to.equal(200)
    issuer.fail('refuse')
    clock.advance(3_599_000)
    expect(await status()).to.equal(200)
    clock.advance(1_000)
    expect(await status()).to.equal(503)
    issuer.fail('none')
    clock.advance(10_000)
    expect(await status()).to.equal(200)
  })

  it('knows a withdrawn key no more, cached tokens included, once a set without it was fetched', async () => {
    const clock = setClock()
    issuer = await testIssuer({ audience: AUDIENCE, clock })
    const app = createApp()
    const bearer = await issuer.bearer({ scope: 'a b' })
    const status = async (token: string) => (await request(app).get('/all').set('authorization', token)).status
    for (let i = 0; i < 3; i++) expect(await status(bearer)).to.equal(200)
    await issuer.rotate({ keep: false })
    clock.advance(5_000)
    expect(await status(await issuer.bearer({ scope: 'a b' }))).to.equal(200)
    expect(await status(bearer)).to.equal(401)
  })

  it('asks once for its keys, however many guards and requests there are', async () => {
    const app = express()
    for (let i = 0; i < 50; i++) {
      const { requireScope } = resourceServer(issuer.resourceServerOptions)
      app.get(`/${i}`, requireScope('a'), (_req, res) => res.json({}))
    }
    const bearer = await issuer.bearer({ scope: 'a' })
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => request(app).get(`/${i}`).set('authorization', bearer)),
    )
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(50).fill(200))
    expect(issuer.fetchCount).to.equal(1)
  })

  const hooks: { description: string; isRevoked: () => boolean | Promise<boolean>; status: number }[] = [
    { description: 'false', isRevoked: () => false, status: 200 },
    { description: 'true', isRevoked: () => true, status: 401 },
    { description: 'true, later', isRevoked: async () => true, status: 401 },
    { description: 'nothing', isRevoked: () => undefined as unknown as boolean, status: 503 },
    {
      description: 'an error',
      isRevoked: () => {
        throw new Error('down')
      },
      status: 503,
    },
    { description: 'a rejection', isRevoked: () => Promise.reject(new Error('down')), status: 503 },
  ]
  for (const { description, isRevoked, status } of hooks) {
    it(`answers ${status} where isRevoked gives ${description}`, async () => {
      const app = createApp({ isRevoked })
      await request(app)
        .get('/any-token')
        .set('authorization', await issuer.bearer())
        .expect(status)
    })
  }

  it("keeps its challenge under the app's own error handler", async () => {
    const { requireScope } = resourceServer({ ...issuer.resourceServerOptions, errors: 'next' })
    const app = express()
    app.get('/', requireScope('a'), (_req, res) => res.json({}))
    app.use(((error, _req, res, _next) => {
      res.status(error.status).json({ mine: error.code })
    }) as ErrorRequestHandler)
    const answer = await request(app).get('/').expect(401, { mine: 'ERR_UNAUTHENTICATED' })
    expect(answer.headers['www-authenticate']).to.equal('Bearer realm="api", scope="a"')
  })

  it('reports each refusal once, without the token', async () => {
    const events: { type: string }[] = []
    const app = createApp({ onEvent: event => events.push(event) })
    const token = await issuer.token({ expiresIn: -60 })
    await request(app).get('/all').set('authorization', `Bearer ${token}`).expect(401)
    const refusals = events.filter(({ type }) => type === 'refused')
    expect(refusals).to.have.length(1)
    expect(refusals[0]).to.deep.include({
      status: 401,
      error: 'invalid_token',
      code: 'ERR_INVALID_TOKEN',
      detail: 'expired',
    })
    expect(JSON.stringify(events)).not.to.include(token.slice(-20))
  })

  it('gives handlers a frozen req.auth, and getAuth throws where no guard ran', async () => {
    const { requireAuth } = resourceServer(issuer.resourceServerOptions)
    const app = express()
    app.get('/', requireAuth(), requireAuth(), (req, res) => {
      const auth = getAuth(req)
      const frozen = [auth, auth.payload, auth.scopes, auth.header].every(Object.isFrozen)
      res.json({ frozen, same: auth === (req as { auth?: unknown }).auth, names: Object.keys(auth) })
    })
    const { body } = await request(app)
      .get('/')
      .set('authorization', await issuer.bearer({ permissions: ['a'] }))
    expect(body.frozen && body.same).to.equal(true)
    expect(body.names).to.have.members(['payload', 'header', 'token', 'clientId', 'scopes', 'permissions', 'expiresAt'])
    expect(() => getAuth({})).to.throw(TypeError)
  })

  it('serves its RFC 9728 document, and names it in challenges', async () => {
    const resource = 'https://api.example.com/v1'
    const guards = resourceServer({ ...issuer.resourceServerOptions, resourceMetadata: { resource } })
    const app = express()
      .use(guards.metadataRouter)
      .get('/v1/x', guards.requireAuth(), (_req, res) => res.json({}))
    const { body } = await request(app).get('/.well-known/oauth-protected-resource/v1').expect(200)
    expect(body).to.deep.equal({ resource, authorization_servers: [issuer.issuer] })
    const { headers } = await request(app).get('/v1/x').expect(401)
    const url = 'https://api.example.com/.well-known/oauth-protected-resource/v1'
    expect(headers['www-authenticate']).to.equal(`Bearer realm="api", resource_metadata="${url}"`)
  })
})
