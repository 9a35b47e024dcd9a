import { expect } from 'chai'
import express, { type Express } from 'express'
import request from 'supertest'
import {
  type AuthInfo,
  type ResourceServerEvent,
  type ResourceServerOptions,
  resourceServer,
  TemporarilyUnavailableError,
} from '../../lib/index.js'
import { createIntrospect } from '../../lib/resource-server/guard/introspection.js'
import { readIntrospection } from '../../lib/resource-server/options/introspection-options.js'
import { type TestIssuer, testIssuer } from '../../lib/testing/index.js'
import { json } from '../support/planned-fetch.js'
import { setClock } from '../support/set-clock.js'

const AUDIENCE = 'https://api.example.com'
const CLIENT = { clientId: 'cli api', clientSecret: 's3cr3t:with+signs%' }

/** A question that the guard asked. */
interface Asked {
  url: string
  init: RequestInit
}

describe('a guard that asks the issuer', () => {
  const clock = setClock()
  let issuer: TestIssuer
  let events: ResourceServerEvent[]
  let asked: Asked[]
  /** What introspection answers; absent: what the test issuer does. */
  let answer: ((init: RequestInit) => Response | Promise<Response>) | undefined
  /** What is put in the metadata. */
  let metadata: object | undefined

  beforeEach(async () => {
    issuer = await testIssuer({ audience: AUDIENCE, clock })
    events = []
    asked = []
    answer = undefined
    metadata = undefined
  })

  const network: typeof fetch = async (input, init = {}) => {
    const url = String(input)
    if (init.method === 'POST') {
      asked.push({ url, init })
      if (answer !== undefined) return answer(init)
    }
    if (metadata !== undefined && url.includes('/.well-known/o')) return json(metadata)
    return issuer.resourceServerOptions.fetch?.(input, init) ?? json({}, 500)
  }

  function createApp(options: Partial<ResourceServerOptions> = {}): Express {
    const { requireScope, requireAuth } = resourceServer({
      ...issuer.resourceServerOptions,
      fetch: network,
      introspection: CLIENT,
      onEvent: event => void events.push(event),
      ...options,
    })
    return express().get('/', requireAuth(), requireScope('a'), (_req, res) => void res.json({}))
  }
  const call = (app: Express, token: string) => request(app).get('/').set('authorization', `Bearer ${token}`)
  const good = (claims?: object) => issuer.token({ scope: 'a', ...claims })
  const failures = () => events.filter(event => event.type === 'introspection_failed')

  it('asks where the metadata says, by Basic, in a form, once for all guards of a request', async () => {
    const token = await good()
    await call(createApp(), token).expect(200)
    expect(asked).to.have.length(1)
    const [{ url, init } = { url: '', init: {} }] = asked
    expect(url).to.equal(`${issuer.issuer}/oauth/introspect`)
    expect(init).to.include({ method: 'POST', redirect: 'manual' })
    const headers = new Headers(init.headers)
    expect(headers.get('content-type')).to.equal('application/x-www-form-urlencoded')
    const basic = Buffer.from(headers.get('authorization')?.slice('Basic '.length) ?? '', 'base64').toString()
    expect(basic).to.equal('cli+api:s3cr3t%3Awith%2Bsigns%25')
    expect(String(init.body)).to.equal(`token=${token}&token_type_hint=access_token`)
  })

  it('refuses a token that is not active, as one that is bad, and says so in the event', async () => {
    const token = await good()
    issuer.revoke(token)
    const { body, headers } = await call(createApp(), token).expect(401)
    expect(body.error).to.equal('invalid_token')
    expect(headers['www-authenticate']).to.include('error="invalid_token"')
    expect(events.at(-1)).to.include({ type: 'refused', status: 401, detail: 'inactive', issuer: issuer.issuer })
    expect(failures()).to.deep.equal([])
  })

  it('does not ask about a token that is bad by itself', async () => {
    const app = createApp()
    await call(app, 'x').expect(401)
    await call(app, await good({ expiresIn: -60 })).expect(401)
    await call(app, await good({ claims: { aud: 'urn:x:y' } })).expect(401)
    await call(createApp({ isRevoked: () => true }), await good()).expect(401)
    await request(app).get('/').expect(401)
    expect(asked).to.deep.equal([])
  })

  for (const { maxAge, seconds } of [
    { maxAge: undefined, seconds: 30 },
    { maxAge: 5, seconds: 5 },
    { maxAge: 0.5, seconds: 0.5 },
  ]) {
    it(`uses an answer for ${seconds} seconds where maxAge is ${maxAge}, yes and no alike`, async () => {
      const app = createApp({ introspection: { ...CLIENT, ...(maxAge !== undefined && { maxAge }) } })
      const token = await good()
      await call(app, token).expect(200)
      issuer.revoke(token)
      clock.advance(seconds * 1000 - 1)
      await call(app, token).expect(200)
      expect(asked).to.have.length(1)
      clock.advance(1)
      await call(app, token).expect(401)
      await call(app, token).expect(401)
      expect(asked).to.have.length(2)
    })
  }

  it('asks about every request where maxAge is 0', async () => {
    const app = createApp({ introspection: { ...CLIENT, maxAge: 0 } })
    const token = await good()
    for (let turn = 0; turn < 3; turn++) await call(app, token).expect(200)
    expect(asked).to.have.length(3)
    issuer.revoke(token)
    await call(app, token).expect(401)
  })

  it('an answer is as old as its question', async () => {
    answer = () => {
      clock.advance(29_999)
      return json({ active: true })
    }
    const app = createApp()
    const token = await good()
    await call(app, token).expect(200)
    clock.advance(1)
    await call(app, token).expect(200)
    expect(asked).to.have.length(2)
  })

  describe('many at once', () => {
    const auth = (token: string) => ({ token }) as AuthInfo
    let open: () => void

    /** The issuer answers when the gate is opened. */
    function createGated() {
      const gate = new Promise<void>(resolve => {
        open = resolve
      })
      const settings = readIntrospection({ ...CLIENT, maxAge: 0, endpoint: 'https://id.test/introspect' }, [
        { issuer: 'https://id.test' },
      ])
      const fetch: typeof globalThis.fetch = async (url, init = {}) => {
        asked.push({ url: String(url), init })
        await gate
        return json({ active: true })
      }
      return createIntrospect(settings, { clock, fetch, timeout: 5_000, emit: event => void events.push(event) })
    }

    it('ask once for each token', async () => {
      const introspect = createGated()
      const answers = Array.from({ length: 20 }, (_, number) => introspect(auth(`t${number % 2}`)))
      await new Promise(resolve => setImmediate(resolve))
      expect(asked).to.have.length(2)
      open()
      expect((await Promise.all(answers)).map(({ token }) => token)).to.deep.equal([
        ...Array.from({ length: 20 }, (_, number) => `t${number % 2}`),
      ])
      await introspect(auth('t0'))
      expect(asked).to.have.length(3)
    })

    it('beyond a thousand tokens are told to come back, while the issuer is silent', async () => {
      const introspect = createGated()
      const answers = Array.from({ length: 1_000 }, (_, number) => introspect(auth(`t${number}`)))
      expect(() => introspect(auth('one more')))
        .to.throw(TemporarilyUnavailableError)
        .with.property('detail', 'introspection_failed')
      open()
      await Promise.all(answers)
      await introspect(auth('one more'))
    })
  })

  const silent: { description: string; answer: (init: RequestInit) => Response | Promise<Response>; event: object }[] =
    [
      {
        description: 'refuses the connection',
        answer: () => {
          throw new TypeError('fetch failed')
        },
        event: { code: 'network' },
      },
      { description: 'fails', answer: () => json({}, 500), event: { code: 'status', httpStatus: 500 } },
      {
        description: 'refuses our own credentials',
        answer: () => json({ error: 'invalid_client' }, 401),
        event: { code: 'client_refused', httpStatus: 401 },
      },
      { description: 'is too busy', answer: () => json({}, 429), event: { code: 'status', httpStatus: 429 } },
      {
        description: 'sends us elsewhere',
        answer: () => new Response(null, { status: 307, headers: { location: 'https://evil.test' } }),
        event: { code: 'redirect', httpStatus: 307 },
      },
      { description: 'answers HTML', answer: () => new Response('<p>'), event: { code: 'not_json' } },
      { description: 'answers a list', answer: () => json([{ active: true }]), event: { code: 'not_json' } },
      { description: 'says neither', answer: () => json({}), event: { code: 'not_an_answer' } },
      { description: 'says it as text', answer: () => json({ active: 'true' }), event: { code: 'not_an_answer' } },
      { description: 'says it as a number', answer: () => json({ active: 1 }), event: { code: 'not_an_answer' } },
      {
        description: 'talks too much',
        answer: () => new Response(new Uint8Array(1_100_000).fill(0x20)),
        event: { code: 'too_large' },
      },
      {
        description: 'hangs',
        answer: () => new Promise<Response>(() => undefined),
        event: { code: 'timeout' },
      },
    ]
  for (const row of silent) {
    it(`is 503 where the issuer ${row.description}, and the event says so, without the secret`, async () => {
      const app = createApp({ keySet: { timeoutDuration: 50 } })
      const token = await good()
      answer = row.answer
      const { body, headers } = await call(app, token).expect(503)
      expect(body.error).to.equal('temporarily_unavailable')
      expect(headers).to.include({ 'retry-after': '5', 'cache-control': 'no-store' })
      expect(headers).not.to.have.property('www-authenticate')
      expect(failures()).to.have.length(1)
      expect(failures()[0]).to.include({ ...row.event, issuer: issuer.issuer })
      expect(events.at(-1)).to.include({ type: 'refused', status: 503, detail: 'introspection_failed' })
      const told = JSON.stringify(events)
      for (const secret of [token, 's3cr3t', 'Basic']) expect(told).not.to.include(secret)
      answer = undefined
      await call(app, token).expect(200)
    })
  }

  it('uses what it knows while the issuer is silent, for as long as it may', async () => {
    const app = createApp()
    const token = await good()
    await call(app, token).expect(200)
    answer = () => json({}, 500)
    clock.advance(29_000)
    await call(app, token).expect(200)
    clock.advance(1_000)
    await call(app, token).expect(503)
  })

  const bad: { description: string; metadata: () => object; code: string }[] = [
    { description: 'name no endpoint', metadata: () => ({ issuer: issuer.issuer }), code: 'introspection_endpoint' },
    {
      description: 'name one by http',
      metadata: () => ({ issuer: issuer.issuer, introspection_endpoint: 'http://id.test/x' }),
      code: 'introspection_endpoint',
    },
    {
      description: 'name one with a user',
      metadata: () => ({ issuer: issuer.issuer, introspection_endpoint: 'https://u@id.test/x' }),
      code: 'introspection_endpoint',
    },
    { description: 'are of another issuer', metadata: () => ({ issuer: 'https://evil.test' }), code: 'no_metadata' },
  ]
  for (const row of bad) {
    it(`is 503 where the metadata ${row.description}; the secret goes nowhere`, async () => {
      metadata = row.metadata()
      const jwksUri = `${issuer.issuer}/.well-known/jwks.json`
      const app = createApp({ issuer: { issuer: issuer.issuer, jwksUri } })
      await call(app, await good()).expect(503)
      expect(failures().map(({ code }) => code)).to.deep.equal([row.code])
      expect(asked).to.deep.equal([])
    })
  }

  it('asks at the endpoint of the option, without metadata', async () => {
    metadata = {}
    answer = () => json({ active: true })
    const endpoint = 'https://elsewhere.test/introspect'
    const jwksUri = `${issuer.issuer}/.well-known/jwks.json`
    const app = createApp({ issuer: { issuer: issuer.issuer, jwksUri }, introspection: { ...CLIENT, endpoint } })
    await call(app, await good()).expect(200)
    expect(asked.map(({ url }) => url)).to.deep.equal([endpoint])
  })

  it('finds the endpoint anew where it has failed', async () => {
    const app = createApp()
    const at = (url: string) => ({
      ...{ issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/.well-known/jwks.json` },
      introspection_endpoint: url,
    })
    metadata = at('https://old.test/x')
    answer = () => json({}, 404)
    await call(app, await good()).expect(503)
    metadata = at('https://new.test/x')
    answer = () => json({ active: true })
    await call(app, await good()).expect(200)
    expect(asked.map(({ url }) => url)).to.deep.equal(['https://old.test/x', 'https://new.test/x'])
  })

  const options: { description: string; options: object; message: RegExp }[] = [
    { description: 'a text', options: { introspection: 'yes' }, message: /introspection must be an object/ },
    { description: 'no client', options: { introspection: {} }, message: /introspection\.clientId/ },
    { description: 'no secret', options: { introspection: { clientId: 'x' } }, message: /introspection\.clientSecret/ },
    {
      description: 'an empty secret',
      options: { introspection: { clientId: 'x', clientSecret: '' } },
      message: /clientSecret/,
    },
    { description: 'an unknown name', options: { introspection: { ...CLIENT, maxage: 1 } }, message: /maxage/ },
    ...[-1, 3_601, Number.NaN, '30', null].map(maxAge => ({
      description: `a maxAge of ${JSON.stringify(maxAge)}`,
      options: { introspection: { ...CLIENT, maxAge } },
      message: /introspection\.maxAge/,
    })),
    {
      description: 'an endpoint by http',
      options: { introspection: { ...CLIENT, endpoint: 'http://id.test' } },
      message: /introspection\.endpoint/,
    },
    {
      description: 'an endpoint that is no URL',
      options: { introspection: { ...CLIENT, endpoint: '/introspect' } },
      message: /introspection\.endpoint/,
    },
    {
      description: 'two issuers',
      options: { issuer: ['https://a.test', 'https://b.test'], introspection: CLIENT },
      message: /introspection is for one issuer/,
    },
    {
      description: 'an issuer of many tenants',
      options: { issuer: { issuer: 'https://a.test/{tenantid}', tenants: () => true }, introspection: CLIENT },
      message: /introspection is for one issuer/,
    },
    {
      description: 'an issuer that is no URL',
      options: { issuer: { issuer: 'accounts', jwksUri: 'https://a.test/keys' }, introspection: CLIENT },
      message: /introspection\.endpoint is required/,
    },
  ]
  for (const row of options) {
    it(`throws at once where there is ${row.description}`, () => {
      const build = () => createApp(row.options as Partial<ResourceServerOptions>)
      expect(build).to.throw(TypeError, row.message)
      try {
        build()
      } catch (error) {
        expect(String(error)).not.to.include('s3cr3t')
      }
    })
  }
})
