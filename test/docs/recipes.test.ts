import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { createVerifier } from 'scopegate'
import { dpopKey, type TestIssuer, type TestTokenOptions, testIssuer } from 'scopegate/testing'
import { blocksOf, readPage } from '../support/docs.js'

const page = readPage('recipes.md')
const SCOPE = 'read:users'
const GOOD: TestTokenOptions = { scope: SCOPE, subject: 'ada' }

interface Answer {
  status: number
  headers: Headers
  body: { caller?: string; error?: string }
}

/** Calls a handler of the page with the value of an `Authorization` header. */
type Call = (authorization?: string) => Promise<Answer>
type Recipe = Record<string, (input: unknown) => Promise<unknown>>

const read = async (answer: Response): Promise<Answer> => ({
  status: answer.status,
  headers: answer.headers,
  body: (await answer.json()) as Answer['body'],
})

const RECIPES: Record<string, (recipe: Recipe, authorization: string | undefined) => Promise<Answer>> = {
  'lambda.ts': async ({ handler }, authorization) => {
    const requestContext = { http: { method: 'GET' } }
    const answer = await handler?.({ requestContext, rawPath: '/users', headers: { authorization } })
    const { statusCode, headers, body } = answer as {
      statusCode: number
      headers: Record<string, string>
      body: string
    }
    return read(new Response(body, { status: statusCode, headers }))
  },
  'fetch-handler.ts': async ({ GET }, authorization) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    return read((await GET?.(new Request('https://api.example.com/users?page=1', { headers }))) as Response)
  },
}

// What needs Nest, Fastify or ws runs in the tests of the packed package.
describe('docs/recipes.md', () => {
  const network = globalThis.fetch
  let folder: string
  let issuer: TestIssuer

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'scopegate-recipes-'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    for (const block of blocksOf(page)) {
      const [, name = ''] = /^\/\/ (\S+\.ts)$/m.exec(block) ?? []
      writeFileSync(join(folder, name), block)
    }
    issuer = await testIssuer({ audience: 'https://api.example.com', issuer: 'https://id.example.com' })
    globalThis.fetch = issuer.resourceServerOptions.fetch ?? network
  })

  afterEach(() => {
    globalThis.fetch = network
    rmSync(folder, { recursive: true, force: true })
  })

  for (const [file, call] of Object.entries(RECIPES)) {
    /** Loads the blocks anew, as an instance that starts. */
    async function start(): Promise<Call> {
      const recipe = (await import(pathToFileURL(join(folder, file)).href)) as Recipe
      return authorization => call(recipe, authorization)
    }

    it(`${file}: answers to a token with the scope, with the keys that were fetched at the start`, async () => {
      const handler = await start()
      expect(issuer.fetchCount).to.equal(1)
      for (const _call of [1, 2, 3]) {
        const { status, body } = await handler(await issuer.bearer(GOOD))
        expect({ status, body }).to.deep.equal({ status: 200, body: { caller: 'ada' } })
      }
      expect(issuer.fetchCount).to.equal(1)
    })

    it(`${file}: starts while the issuer is down, answers 503 until it is back`, async () => {
      issuer.fail('refuse')
      const handler = await start()
      const { status, headers, body } = await handler(await issuer.bearer(GOOD))
      expect(status).to.equal(503)
      expect(body.error).to.equal('temporarily_unavailable')
      expect(headers.get('retry-after')).to.match(/^\d+$/)
      expect(headers.has('www-authenticate')).to.equal(false)
      issuer.fail('none')
      expect((await handler(await issuer.bearer(GOOD))).status).to.equal(200)
    })

    const refusals: {
      description: string
      token?: TestTokenOptions
      sent?: string
      expected: [number, string, RegExp]
    }[] = [
      { description: 'no token', expected: [401, 'unauthorized', /^Bearer realm="api", scope="read:users"$/] },
      { description: 'an empty one', sent: 'Bearer ', expected: [400, 'invalid_request', /error="invalid_request"/] },
      { description: 'two', sent: 'Bearer a, Bearer b', expected: [400, 'invalid_request', /error="invalid_request"/] },
      {
        description: 'an expired one',
        token: { ...GOOD, expiresIn: -60 },
        expected: [401, 'invalid_token', /error="invalid_token"/],
      },
      {
        description: 'another scope',
        token: { scope: 'write:users' },
        expected: [403, 'insufficient_scope', /error="insufficient_scope".*scope="read:users"$/],
      },
    ]
    for (const { description, token, sent, expected } of refusals) {
      it(`${file}: refuses ${description} with ${expected[0]} and a challenge`, async () => {
        const handler = await start()
        const { status, headers, body } = await handler(token === undefined ? sent : await issuer.bearer(token))
        expect([status, body.error]).to.deep.equal(expected.slice(0, 2))
        expect(headers.get('www-authenticate')).to.match(expected[2])
        expect(headers.get('cache-control')).to.equal('no-store')
      })
    }

    it(`${file}: refuses a token that is bound to a key, sent as a bearer token`, async () => {
      const handler = await start()
      expect((await handler(await issuer.bearer({ ...GOOD, dpopKey: await dpopKey() }))).status).to.equal(401)
    })
  }

  it('says rightly that a verifier accepts a bound token and asks for no proof', async () => {
    const token = await issuer.token({ ...GOOD, dpopKey: await dpopKey() })
    const { payload } = await createVerifier(issuer.resourceServerOptions).verify(token)
    expect(payload).to.have.property('cnf')
  })
})
