import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import * as peer from 'express-oauth2-jwt-bearer'
import request from 'supertest'
import { resourceServer } from 'scopegate'
import { type TestIssuer, type TestTokenOptions, testIssuer } from 'scopegate/testing'
import { blocksOf, readPage, runBlock, sectionOf } from '../support/docs.js'
import { listen, type Running } from '../support/running.js'

const page = readPage('migrating.md')
const AUDIENCE = 'https://api.example.com'
const ours = sectionOf(page, '## From express-oauth2-jwt-bearer')

describe('docs/migrating.md', () => {
  it('has an example that does what the one before it did', async () => {
    const [code = ''] = blocksOf(ours)
    const { app, issuer } = await runBlock(code)
    const call = async (path: string, token: TestTokenOptions) =>
      request(app)
        .get(path)
        .set('authorization', await issuer.bearer(token))
    const good = await call('/users', { scope: 'read:users write:users', subject: 'ada' })
    expect(good.body).to.deep.equal({ sub: 'ada' })
    expect((await call('/users', { scope: 'read:users', permissions: ['read:users', 'write:users'] })).status).to.equal(
      403,
    )
    expect((await call('/admin', { claims: { org: 'o1' } })).status).to.equal(200)
    expect((await call('/admin', { claims: { org: 'o2' } })).status).to.equal(403)
    await request(app).get('/admin').expect(401)
  })

  it('has one for express-jwt, whose open route stays open', async () => {
    const [code = ''] = blocksOf(sectionOf(page, '## From express-jwt with jwks-rsa'))
    const { app, issuer } = await runBlock(code)
    await request(app).get('/health').expect(200)
    await request(app).get('/me').expect(401)
    const authorization = await issuer.bearer({ subject: 'ada' })
    await request(app).get('/me').set({ authorization }).expect(200, { sub: 'ada' })
  })

  it('names every option and every guard of express-oauth2-jwt-bearer', () => {
    const entry = createRequire(import.meta.url).resolve('express-oauth2-jwt-bearer')
    const types = readFileSync(join(dirname(entry), 'index.d.ts'), 'utf8')
    const membersOf = (name: string): string[] => {
      const [, body = ''] = new RegExp(`interface ${name}\\b[^{]*{\\n([\\s\\S]*?)^}`, 'm').exec(types) ?? []
      return [...body.matchAll(/^ {4}(\w+)\??:/gm)].map(([, member = '']) => member)
    }
    const options = [...membersOf('JwtVerifierOptions'), ...membersOf('AuthOptions\\$1'), ...membersOf('DPoPOptions')]
    const guards = Object.keys(peer).filter(name => /^(?:claim|required|scope)/.test(name))
    expect(options).to.have.length.above(18)
    expect(guards).to.have.length(5)
    for (const name of [...options, ...guards, 'getCertificate']) {
      expect(ours, name).to.match(new RegExp(`\`[^\`]*\\b${name}\\b`))
    }
  })

  describe('says rightly of express-oauth2-jwt-bearer', () => {
    let issuer: TestIssuer
    let running: Running
    let isDown = false
    before(async () => {
      running = await listen(async url => {
        issuer = await testIssuer({ audience: AUDIENCE, issuer: url })
        return express()
          .use((_req, res, next) => (isDown ? void res.sendStatus(500) : next()))
          .get('/.well-known/openid-configuration', (_req, res) => {
            res.json({ issuer: url, jwks_uri: `${url}/jwks`, id_token_signing_alg_values_supported: ['RS256'] })
          })
          .get('/jwks', (_req, res) => void res.json(issuer.jwks()))
      })
    })
    after(() => running.stop())

    const there = (options: peer.AuthOptions = {}) =>
      peer.auth({ issuerBaseURL: issuer.issuer, audience: AUDIENCE, ...options })
    const here = () => resourceServer(issuer.resourceServerOptions)

    /** The status of each, of the guard there and of the one here. */
    async function statuses(guards: RequestHandler[][], prepare: (call: request.Test) => request.Test, path = '/') {
      const found = []
      for (const guard of guards) {
        const app = express().get('/', ...guard, (_req, res) => void res.json({}))
        app.use(((error, _req, res, _next) => {
          res.status(error.status ?? 500).json({})
        }) as ErrorRequestHandler)
        found.push((await prepare(request(app).get(path))).status)
      }
      return found
    }
    const withToken = (authorization: string) => (call: request.Test) => call.set({ authorization })

    it('that it takes tokens from the query string', async () => {
      const path = `/?access_token=${await issuer.token()}`
      expect(await statuses([[there()], [here().requireAuth()]], call => call, path)).to.deep.equal([200, 401])
    })

    it('that a bad token passes where none is required', async () => {
      const optional = resourceServer({ ...issuer.resourceServerOptions, optional: true }).requireAuth()
      const guards = [[there({ authRequired: false })], [optional]]
      expect(await statuses(guards, withToken('Bearer abc'))).to.deep.equal([200, 401])
      expect(await statuses(guards, call => call)).to.deep.equal([200, 200])
    })

    it('that a claim that is another one is 401', async () => {
      const guards = [[there(), peer.claimEquals('org', 'o1')], [here().requireClaims({ org: 'o1' })]]
      const other = withToken(await issuer.bearer({ claims: { org: 'o2' } }))
      expect(await statuses(guards, other)).to.deep.equal([401, 403])
      expect(await statuses(guards, withToken(await issuer.bearer({ claims: { org: 'o1' } })))).to.deep.equal([
        200, 200,
      ])
    })

    it('that scopes are those of the claim scope alone', async () => {
      const guards = [[there(), peer.requiredScopes('a')], [here().requireScope('a')]]
      const token = withToken(await issuer.bearer({ scope: 'b', permissions: ['a'] }))
      expect(await statuses(guards, token)).to.deep.equal([403, 200])
    })

    it('that any typ is taken without strict, and ID tokens are', async () => {
      const guards = [[there()], [here().requireAuth()]]
      const odd = withToken(await issuer.bearer({ header: { typ: 'logout+jwt' } }))
      expect(await statuses(guards, odd)).to.deep.equal([200, 401])
      const id = withToken(await issuer.bearer({ claims: { token_use: 'id' } }))
      expect(await statuses(guards, id)).to.deep.equal([200, 401])
    })

    it('that an outage of the issuer is 401', async () => {
      isDown = true
      const own = await testIssuer({ audience: AUDIENCE, issuer: issuer.issuer })
      own.fail('error')
      const guards = [[there()], [resourceServer(own.resourceServerOptions).requireAuth()]]
      expect(await statuses(guards, withToken(await issuer.bearer()))).to.deep.equal([401, 503])
      isDown = false
    })
  })
})
