import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { VerifierEvent } from '../../lib/resource-server/contract/events.js'
import { createVerifier } from '../../lib/resource-server/token/verify-access-token.js'
import { sharedKey } from '../support/keys.js'
import { AUDIENCE, ISSUER, mintToken, NOW } from '../support/mint-token.js'
import { json, plannedFetch } from '../support/planned-fetch.js'
import { setClock } from '../support/set-clock.js'
import { expectUnavailable, refusalOf } from './fixture.js'

const key = sharedKey()
const OAUTH = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'

function discovering(issuer = ISSUER) {
  const network = plannedFetch()
  const clock = setClock()
  const events: VerifierEvent[] = []
  network.always('https://keys.test/jwks', () => json({ keys: [key.jwk] }))
  network.always('https://keys.test/moved', () => json({ keys: [key.jwk] }))
  const onEvent = (event: VerifierEvent) => void events.push(event)
  const verifier = createVerifier({ issuer, audience: AUDIENCE, clock, fetch: network.fetch, onEvent })
  const token = mintToken({ claims: { iss: issuer, exp: clock.now() / 1000 + 1_000_000 } })
  return { network, clock, events, verifier, token }
}

const metadata = (issuer: unknown = ISSUER, uri: unknown = 'https://keys.test/jwks') => json({ issuer, jwks_uri: uri })

describe('issuer-metadata', () => {
  const places = [
    { issuer: 'https://a.test', oauth: `https://a.test${OAUTH}`, openid: `https://a.test${OPENID}` },
    { issuer: 'https://a.test/', oauth: `https://a.test${OAUTH}`, openid: `https://a.test${OPENID}` },
    { issuer: 'https://a.test/t/b', oauth: `https://a.test${OAUTH}/t/b`, openid: `https://a.test/t/b${OPENID}` },
    { issuer: 'https://a.test/t/b/', oauth: `https://a.test${OAUTH}/t/b`, openid: `https://a.test/t/b${OPENID}` },
  ]
  for (const { issuer, oauth, openid } of places) {
    it(`finds the keys of ${issuer} by its OAuth metadata`, async () => {
      const { network, verifier, token } = discovering(issuer)
      network.once(oauth, () => metadata(issuer))
      expect(await refusalOf(verifier, token)).to.equal(undefined)
      expect(network.calls).to.deep.equal([oauth, 'https://keys.test/jwks'])
    })

    it(`finds the keys of ${issuer} by OpenID discovery where there is no OAuth metadata`, async () => {
      const { network, verifier, token } = discovering(issuer)
      network.once(oauth, () => json({}, 404))
      network.once(openid, () => metadata(issuer))
      expect(await refusalOf(verifier, token)).to.equal(undefined)
      network.assertDone()
    })
  }

  const strangers = ['https://evil.test', `${ISSUER}/`, 'https://ISSUER.test', '', undefined, null, 1, [ISSUER]]
  for (const found of strangers) {
    it(`refuses a document of the issuer ${JSON.stringify(found)}`, async () => {
      const { network, verifier, token, events } = discovering()
      network.once(`${ISSUER}${OAUTH}`, () => metadata(found ?? null))
      network.once(`${ISSUER}${OPENID}`, () => metadata(found ?? null))
      await expectUnavailable(verifier, token)
      network.assertDone()
      expect(events[0]).to.deep.equal({
        type: 'metadata_issuer_mismatch',
        code: 'issuer_mismatch',
        issuer: ISSUER,
        found: typeof found === 'string' ? found : '',
      })
    })
  }

  const long = `https://keys.test/${'x'.repeat(2_048)}`
  const userinfo = ['https://user:secret@keys.test/jwks', 'https://@keys.test/jwks']
  const nowhere = ['http://keys.test/jwks', 'http://127.0.0.1/jwks', 'file:///etc/passwd', '/jwks', '', null, 7]
  for (const uri of [...nowhere, ...userinfo, long]) {
    it(`never fetches keys from ${JSON.stringify(uri).slice(0, 80)}`, async () => {
      const { network, verifier, token } = discovering()
      network.once(`${ISSUER}${OAUTH}`, () => metadata(ISSUER, uri))
      network.once(`${ISSUER}${OPENID}`, () => metadata(ISSUER, uri))
      await expectUnavailable(verifier, token)
      network.assertDone()
    })
  }

  /** What is told where one document answers so and the other one so. */
  const page = () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })
  const broken = (): never => {
    throw new TypeError('fetch failed')
  }
  const told: { description: string; answers: (() => Response)[]; code: string; httpStatus?: number }[] = [
    {
      description: 'is not there',
      answers: [() => json({}, 404), () => json({}, 404)],
      code: 'status',
      httpStatus: 404,
    },
    {
      description: 'is refused, the other one not there',
      answers: [() => json({}, 404), () => json({}, 403)],
      code: 'status',
      httpStatus: 403,
    },
    { description: 'is no JSON', answers: [() => json({}, 404), page], code: 'not_json' },
    {
      description: 'is that of another issuer',
      answers: [() => json({}, 404), () => metadata('x')],
      code: 'no_metadata',
    },
    {
      description: 'leads nowhere, the other one not there',
      answers: [() => json({}, 404), () => metadata(ISSUER, 7)],
      code: 'jwks_uri',
    },
    {
      description: 'leads nowhere, the other one a page',
      answers: [page, () => metadata(ISSUER, 7)],
      code: 'jwks_uri',
    },
    {
      description: 'leads nowhere, the other one elsewhere',
      answers: [() => new Response(null, { status: 302 }), () => metadata(ISSUER, 7)],
      code: 'jwks_uri',
    },
    { description: 'cannot be had', answers: [() => json({}, 404), broken], code: 'network' },
    {
      description: 'is an error of the server',
      answers: [() => json({}, 404), () => json({}, 502)],
      code: 'status',
      httpStatus: 502,
    },
  ]
  for (const { description, answers, code, httpStatus } of told) {
    for (const paths of [
      [OAUTH, OPENID],
      [OPENID, OAUTH],
    ]) {
      it(`tells of ${paths[1]} where that ${description}`, async () => {
        const { network, clock, verifier, token, events } = discovering()
        for (const [at, path] of paths.entries()) network.always(`${ISSUER}${path}`, answers[at] ?? page)
        await expectUnavailable(verifier, token)
        clock.advance(1_000)
        await expectUnavailable(verifier, token)
        // Each attempt begins with the other document; what is down is not asked for a second one.
        const failures = events.filter(event => event.type === 'key_set_failed')
        expect(failures).to.have.length(2)
        for (const event of failures) expect({ ...event }).to.include({ code, ...(httpStatus && { httpStatus }) })
      })
    }
  }

  it('asks once in an attempt where the issuer is down', async () => {
    const { network, clock, verifier, token } = discovering()
    network.always(`${ISSUER}${OAUTH}`, () => json({}, 500))
    network.always(`${ISSUER}${OPENID}`, () => json({}, 500))
    await expectUnavailable(verifier, token)
    clock.advance(1_000)
    await expectUnavailable(verifier, token)
    expect(network.calls).to.deep.equal([`${ISSUER}${OAUTH}`, `${ISSUER}${OPENID}`])
  })

  it('reads the document again after a day', async () => {
    const { network, clock, verifier, token } = discovering()
    network.always(`${ISSUER}${OAUTH}`, () => metadata())
    expect(await refusalOf(verifier, token)).to.equal(undefined)
    clock.advance(600_000)
    expect(await refusalOf(verifier, token)).to.equal(undefined)
    expect(network.calls.filter(url => url.endsWith(OAUTH))).to.have.length(1)
    clock.advance(86_400_000)
    expect(await refusalOf(verifier, token)).to.equal(undefined)
    expect(network.calls.filter(url => url.endsWith(OAUTH))).to.have.length(2)
  })

  it('reads the document again where the keys are not there any more', async () => {
    const { network, clock, verifier, token } = discovering()
    network.once(`${ISSUER}${OAUTH}`, () => metadata())
    expect(await refusalOf(verifier, token)).to.equal(undefined)
    network.always('https://keys.test/jwks', () => json({}, 404))
    network.once(`${ISSUER}${OAUTH}`, () => metadata(ISSUER, 'https://keys.test/moved'))
    clock.advance(3_600_000)
    await expectUnavailable(verifier, token)
    clock.advance(1_000)
    expect(await refusalOf(verifier, token)).to.equal(undefined)
    expect(network.calls.at(-1)).to.equal('https://keys.test/moved')
  })

  it('goes on with the place it knows where the document is gone', async () => {
    const { network, clock, verifier, token } = discovering()
    network.once(`${ISSUER}${OAUTH}`, () => metadata())
    expect(await refusalOf(verifier, token)).to.equal(undefined)
    network.always(`${ISSUER}${OAUTH}`, () => json({}, 500))
    clock.advance(90_000_000)
    expect(await refusalOf(verifier, token)).to.equal(undefined)
  })

  describe('over a socket', () => {
    let server: Server
    let issuer: string
    let listener: RequestListener
    const seen: { url: string; agent: string; accept: string }[] = []

    before(async () => {
      server = createServer((req, res) => {
        seen.push({ url: req.url ?? '', agent: req.headers['user-agent'] ?? '', accept: req.headers.accept ?? '' })
        listener(req, res)
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    })

    after(() => {
      server.closeAllConnections()
      server.close()
    })

    beforeEach(() => {
      seen.length = 0
    })

    const create = (timeoutDuration = 5_000) =>
      createVerifier({ issuer, audience: AUDIENCE, clock: setClock(), keySet: { timeoutDuration } })

    it('finds and fetches the keys, saying who asks', async () => {
      const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
      listener = (req, res) =>
        res.end(JSON.stringify(req.url === '/jwks' ? { keys: [key.jwk] } : { issuer, jwks_uri: `${issuer}/jwks` }))
      expect(await refusalOf(create(), mintToken({ claims: { iss: issuer } }))).to.equal(undefined)
      expect(seen.map(({ url }) => url)).to.deep.equal([OAUTH, '/jwks'])
      for (const { agent, accept } of seen) {
        expect(agent).to.equal(`scopegate/${version}`)
        expect(accept).to.equal('application/json, application/jwk-set+json')
      }
    })

    const failures: Record<string, RequestListener> = {
      'hangs up': req => req.socket.destroy(),
      redirects: (_req, res) => res.writeHead(302, { location: '/jwks' }).end(),
      'never answers': () => undefined,
      'answers 500': (_req, res) => res.writeHead(500).end('{"keys":[]}'),
      'answers HTML': (_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>'),
      'answers garbage': (_req, res) => res.writeHead(200).end('{"keys":"none"}'),
      'sends headers alone': (_req, res) => res.writeHead(200).flushHeaders(),
      'drips its body': (_req, res) => {
        const timer = setInterval(() => res.write(' '), 5)
        res.once('close', () => clearInterval(timer))
      },
      'never ends its body': (_req, res) => {
        const chunk = ' '.repeat(65_536)
        const more = () => void (!res.destroyed && (res.write(chunk) ? setImmediate(more) : res.once('drain', more)))
        more()
      },
    }
    for (const [description, failing] of Object.entries(failures)) {
      it(`is 503 where the issuer ${description}`, async () => {
        listener = failing
        await expectUnavailable(create(100), mintToken({ claims: { iss: issuer } }))
        expect(seen.map(({ url }) => url)).not.to.include('/jwks')
        server.closeAllConnections()
      })

      it(`goes on with the keys it has where the issuer ${description}, until they are too old`, async () => {
        const clock = setClock()
        const uri = `${issuer}/jwks`
        listener = (_req, res) => res.end(JSON.stringify({ keys: [key.jwk] }))
        const options = { issuer, audience: AUDIENCE, clock, keySet: { uri, timeoutDuration: 100 } }
        const verifier = createVerifier({ ...options, cache: false })
        const token = mintToken({ claims: { iss: issuer, exp: NOW + 86_400 } })
        expect(await refusalOf(verifier, token)).to.equal(undefined)
        listener = failing
        clock.advance(3_599_999)
        expect(await refusalOf(verifier, token)).to.equal(undefined)
        clock.advance(10_001)
        await expectUnavailable(verifier, token)
        listener = (_req, res) => res.end(JSON.stringify({ keys: [key.jwk] }))
        clock.advance(10_000)
        expect(await refusalOf(verifier, token), 'after the outage').to.equal(undefined)
        server.closeAllConnections()
      })
    }

    describe('is asked', () => {
      const known = (): string => mintToken({ claims: { iss: issuer } })
      const answersKeys: RequestListener = (_req, res) => res.end(JSON.stringify({ keys: [key.jwk] }))

      function createWarmable() {
        const clock = setClock()
        const keySet = { uri: `${issuer}/jwks` }
        return { clock, verifier: createVerifier({ issuer, audience: AUDIENCE, clock, keySet }) }
      }

      it('once by fifty requests that find no keys', async () => {
        listener = answersKeys
        const { verifier } = createWarmable()
        const refusals = await Promise.all(Array.from({ length: 50 }, () => refusalOf(verifier, known())))
        expect(new Set(refusals)).to.deep.equal(new Set([undefined]))
        expect(seen).to.have.length(1)
      })

      it('twice at most by a hundred requests in a second, where it is down', async () => {
        listener = (_req, res) => res.writeHead(500).end()
        const { verifier, clock } = createWarmable()
        for (let tenth = 0; tenth < 10; tenth++) {
          await Promise.all(Array.from({ length: 10 }, () => expectUnavailable(verifier, known())))
          clock.advance(100)
        }
        expect(seen.length).to.be.within(1, 2)
      })

      it('once by twenty unknown kids, one after the other or at once, which keep no known one out', async () => {
        listener = answersKeys
        const { verifier, clock } = createWarmable()
        await verifier.ready()
        const invented = (at: number): string =>
          mintToken({ header: { kid: `invented-${at}` }, claims: { iss: issuer } })
        for (let at = 0; at < 10; at++) expect(await refusalOf(verifier, invented(at))).to.equal('key')
        expect(seen).to.have.length(1)
        clock.advance(5_000)
        const tokens = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? invented(at) : known()))
        const refusals = await Promise.all(tokens.map(token => refusalOf(verifier, token)))
        expect(refusals).to.deep.equal(tokens.map((_, at) => (at % 2 === 0 ? 'key' : undefined)))
        expect(seen).to.have.length(2)
      })
    })

    it('is 503 where nobody listens', async () => {
      const closed = createServer()
      await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve))
      const { port } = closed.address() as AddressInfo
      await new Promise(resolve => closed.close(resolve))
      const nowhere = `http://127.0.0.1:${port}`
      const verifier = createVerifier({ issuer: nowhere, audience: AUDIENCE, clock: setClock() })
      await expectUnavailable(verifier, mintToken({ claims: { iss: nowhere } }))
    })
  })
})
