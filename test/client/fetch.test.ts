import { expect } from 'chai'
import { type TokenClient, tokenClient } from 'scopegate/client'
import { json } from '../support/planned-fetch.js'
import { listen } from '../support/running.js'
import { answer, AUDIENCE, failure, fixture, OPTIONS, type Sent, TOKEN } from './fixture.js'

const API = `${AUDIENCE}/orders`
const bearers = (sent: Sent[]): (string | null)[] =>
  sent.filter(({ url }) => url === API).map(({ headers }) => headers.get('authorization'))

describe('fetch with a token', () => {
  it('adds it to what the caller sends, and changes nothing else', async () => {
    const { client, network, sent } = fixture()
    network.always(API, () => json({ ok: true }))
    const init = { method: 'POST', headers: { 'x-a': 'b' }, body: 'c=d' }
    const copy = structuredClone(init)
    const { fetch } = client
    expect(await (await fetch(API, init)).json()).to.deep.equal({ ok: true })
    const { headers, body } = sent.at(-1) ?? { headers: new Headers(), body: new URLSearchParams() }
    expect(Object.fromEntries(headers)).to.deep.equal({ 'x-a': 'b', authorization: 'Bearer token-1' })
    expect(body.toString()).to.equal('c=d')
    expect(init).to.deep.equal(copy)
  })

  it('takes the token of another API where one is named', async () => {
    const { client, network, asked } = fixture()
    network.always(API, () => json({}))
    await client.fetch(API, {}, { audience: 'urn:a:b', scope: 'c' })
    expect(asked()[0]?.body.get('audience')).to.equal('urn:a:b')
  })

  const again: [description: string, input: () => string | URL | Request, init?: () => RequestInit][] = [
    ['no body', () => API],
    ['a URL', () => new URL(API)],
    ['a Request without a body', () => new Request(API, { headers: { 'x-a': 'b' } })],
    ['a text', () => API, () => ({ method: 'POST', body: 'a' })],
    ['bytes', () => API, () => ({ method: 'POST', body: new Uint8Array(3) })],
    ['a buffer', () => API, () => ({ method: 'POST', body: new ArrayBuffer(3) })],
    ['a form', () => API, () => ({ method: 'POST', body: new URLSearchParams({ a: 'b' }) })],
    ['form data', () => API, () => ({ method: 'POST', body: new FormData() })],
    ['a blob', () => API, () => ({ method: 'POST', body: new Blob(['a']) })],
    ['null', () => API, () => ({ body: null })],
  ]
  for (const [description, input, init] of again) {
    it(`sends ${description} once more after a 401, with a new token`, async () => {
      const { client, network, sent, asked } = fixture()
      const planned = String(input() instanceof Request ? '[object Request]' : API)
      network.always(planned, () => json({ ok: true }))
      network.once(planned, () => answer(401))
      const response = await client.fetch(input(), init?.())
      expect(response.status).to.equal(200)
      expect(
        sent.filter(({ url }) => url === planned).map(({ headers }) => headers.get('authorization')),
      ).to.deep.equal(['Bearer token-1', 'Bearer token-2'])
      expect(asked()).to.have.length(2)
    })
  }

  const once: [description: string, input: () => string | Request, init?: () => RequestInit][] = [
    ['a stream', () => API, () => ({ method: 'POST', body: new ReadableStream(), duplex: 'half' }) as RequestInit],
    ['a Request with a body', () => new Request(API, { method: 'POST', body: 'a' })],
    [
      'what is read as it is sent',
      () => API,
      () => ({ method: 'POST', body: (async function* chunks() {})() }) as unknown as RequestInit,
    ],
  ]
  for (const [description, input, init] of once) {
    it(`does not send ${description} again; the next request has a new token`, async () => {
      const { client, network, sent } = fixture()
      const planned = String(input())
      network.once(planned, () => answer(401))
      expect((await client.fetch(input(), init?.())).status).to.equal(401)
      expect(sent.filter(({ url }) => url === planned)).to.have.length(1)
      expect(await client.getAccessToken()).to.equal('token-2')
    })
  }

  it('gives back a second 401, whose body can be read', async () => {
    const { client, network, sent } = fixture()
    network.always(API, () => answer(401, {}, { error: 'invalid_token' }))
    const response = await client.fetch(API)
    expect(response.status).to.equal(401)
    expect(await response.json()).to.deep.equal({ error: 'invalid_token' })
    expect(bearers(sent)).to.deep.equal(['Bearer token-1', 'Bearer token-2'])
  })

  it('asks the issuer for no further token while an API refuses every one', async () => {
    const { client, network, asked } = fixture()
    network.always(API, () => answer(401))
    for (let i = 0; i < 20; i++) expect((await client.fetch(API)).status).to.equal(401)
    expect(asked()).to.have.length(2)
  })

  it('gives back the 401 where a new token cannot be had', async () => {
    const { client, network, sent } = fixture()
    await client.getAccessToken()
    network.always(TOKEN, () => answer(503))
    network.always(API, () => answer(401, {}, { error: 'invalid_token' }))
    expect(await (await client.fetch(API)).json()).to.deep.equal({ error: 'invalid_token' })
    expect(bearers(sent)).to.deep.equal(['Bearer token-1'])
  })

  it('makes one request for a new token where many are refused at once', async () => {
    const { client, network, asked } = fixture()
    await client.getAccessToken()
    network.always(API, () => json({}))
    for (let i = 0; i < 10; i++) network.once(API, () => answer(401))
    const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await client.fetch(API)).status))
    expect(new Set(statuses)).to.deep.equal(new Set([200]))
    expect(asked()).to.have.length(2)
  })

  for (const status of [400, 403, 404, 500]) {
    it(`gives back ${status} as it is`, async () => {
      const { client, network, asked } = fixture()
      network.once(API, () => answer(status))
      expect((await client.fetch(API)).status).to.equal(status)
      expect(asked()).to.have.length(1)
    })
  }

  it('rejects as getAccessToken does, and nothing goes to the API', async () => {
    const { client, network, sent } = fixture()
    network.always(TOKEN, () => answer(401, {}, { error: 'invalid_client' }))
    expect(await failure(client.fetch(API))).to.include({ code: 'ERR_TOKEN_REFUSED' })
    expect(bearers(sent)).to.deep.equal([])
  })

  const refused: [input: unknown, init: RequestInit, code: string][] = [
    ['http://api.example.com/orders', {}, 'ERR_INVALID_ARG_VALUE'],
    ['http://10.0.0.1/orders', {}, 'ERR_INVALID_ARG_VALUE'],
    ['http://localhost.example.com/', {}, 'ERR_INVALID_ARG_VALUE'],
    [new URL('http://api.example.com/'), {}, 'ERR_INVALID_ARG_VALUE'],
    [new Request('http://api.example.com/'), {}, 'ERR_INVALID_ARG_VALUE'],
    ['ftp://api.example.com/', {}, 'ERR_INVALID_ARG_VALUE'],
    ['/orders?key=s3cr3t', {}, 'ERR_INVALID_ARG_VALUE'],
    [undefined, {}, 'ERR_INVALID_ARG_TYPE'],
    [null, {}, 'ERR_INVALID_ARG_TYPE'],
    [7, {}, 'ERR_INVALID_ARG_TYPE'],
    [{}, {}, 'ERR_INVALID_ARG_TYPE'],
    [API, { headers: { Authorization: 'Basic s3cr3t' } }, 'ERR_INVALID_ARG_VALUE'],
    [new Request(API, { headers: { authorization: 'Basic s3cr3t' } }), {}, 'ERR_INVALID_ARG_VALUE'],
  ]
  for (const [input, init, code] of refused) {
    const shown = input instanceof Request ? 'a Request' : JSON.stringify(input)
    it(`refuses ${shown} ${JSON.stringify(init)}, and sends nothing`, async () => {
      const { client, sent } = fixture()
      const error = await failure(client.fetch(input as string, init))
      expect(error).to.be.instanceOf(TypeError).with.property('code', code)
      expect(error.message).not.to.include('s3cr3t')
      expect(sent).to.deep.equal([])
    })
  }

  it('ends when the caller gives up, be it while the token is fetched; others wait on', async () => {
    const { client, network } = fixture()
    let finish = (_response: Response): void => undefined
    network.once(TOKEN, () => new Promise<Response>(resolve => (finish = resolve)))
    const controller = new AbortController()
    const given = failure(client.fetch(API, { signal: controller.signal }))
    const waiting = client.getAccessToken()
    while (!network.calls.includes(TOKEN)) await new Promise(setImmediate)
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await given).to.equal(reason)
    expect(await failure(client.fetch(API, { signal: controller.signal }))).to.equal(reason)
    finish(json({ access_token: 'late', token_type: 'bearer', expires_in: 60 }))
    expect(await waiting).to.equal('late')
    expect(network.calls).not.to.include(API)
  })
})

describe('fetch with a token, and redirects', () => {
  /** Two servers on loopback; the first sends everybody to the second. */
  async function withRedirect(
    check: (url: string, client: TokenClient, arrived: (string | undefined)[]) => Promise<void>,
  ): Promise<void> {
    const arrived: (string | undefined)[] = []
    const other = await listen(() => (req, res) => {
      arrived.push(req.headers.authorization)
      res.writeHead(401).end()
    })
    let issued = 0
    const issuer = await listen(url => (req, res) => {
      res.setHeader('content-type', 'application/json')
      if (req.url === '/token') {
        issued++
        res.end(JSON.stringify({ access_token: `token-${issued}`, token_type: 'Bearer', expires_in: 60 }))
      } else if (req.url === '/orders') res.writeHead(302, { location: `${other.url}/orders` }).end()
      else res.end(JSON.stringify({ issuer: url, token_endpoint: `${url}/token` }))
    })
    try {
      await check(issuer.url, tokenClient({ ...OPTIONS, issuer: issuer.url }), arrived)
      expect(issued).to.equal(1)
    } finally {
      await Promise.all([issuer.stop(), other.stop()])
    }
  }

  it('are given back, not followed', () =>
    withRedirect(async (url, client, arrived) => {
      const { status, headers } = await client.fetch(`${url}/orders`)
      expect(status).to.equal(302)
      expect(headers.get('location')).to.match(/\/orders$/)
      expect(arrived).to.deep.equal([])
    }))

  it('are followed where the caller says so, without the token at another origin, whose 401 is no reason for another', () =>
    withRedirect(async (url, client, arrived) => {
      expect((await client.fetch(`${url}/orders`, { redirect: 'follow' })).status).to.equal(401)
      expect(arrived).to.deep.equal([undefined])
    }))
})
