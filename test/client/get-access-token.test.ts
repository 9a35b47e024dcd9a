import { expect } from 'chai'
import { json } from '../support/planned-fetch.js'
import {
  answer,
  AUDIENCE,
  failure,
  fixture,
  ISSUER,
  METADATA,
  metadata,
  OPENID_METADATA,
  SECRET,
  TOKEN,
  tokens,
} from './fixture.js'

const basic = (id: string, secret: string): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
const formEncoded = (text: string): string => encodeURIComponent(text).replaceAll('-', '%2D')

describe('getAccessToken: the request', () => {
  it('is sent when the first token is wanted, not before', async () => {
    const { client, sent } = fixture()
    expect(sent).to.deep.equal([])
    expect(await client.getAccessToken()).to.equal('token-1')
    expect(sent.map(({ url }) => url)).to.deep.equal([METADATA, TOKEN])
  })

  const parameters: { description: string; options?: object; request?: object; sends: Record<string, string> }[] = [
    { description: 'names the API by both names', sends: { audience: AUDIENCE, resource: AUDIENCE } },
    {
      description: 'names an API that has no URI by one',
      options: { audience: '6e5f0d7c' },
      sends: { audience: '6e5f0d7c' },
    },
    {
      description: 'names an API with a fragment by one (RFC 8707 §2)',
      options: { audience: 'https://a.example.com#b' },
      sends: { audience: 'https://a.example.com#b' },
    },
    { description: 'names no API', options: { audience: null }, sends: {} },
    {
      description: 'has the scope of the client',
      options: { audience: null, scope: 'a b' },
      sends: { scope: 'a b' },
    },
    {
      description: 'has what the caller asks for before that',
      options: { scope: 'a' },
      request: { audience: 'urn:a:b', scope: 'c' },
      sends: { audience: 'urn:a:b', resource: 'urn:a:b', scope: 'c' },
    },
    {
      description: 'has nothing where the caller wants nothing',
      options: { scope: 'a' },
      request: { audience: null, scope: null },
      sends: {},
    },
  ]
  for (const { description, options = {}, request, sends } of parameters) {
    it(description, async () => {
      const { client, asked } = fixture(options)
      await client.getAccessToken(request)
      expect(Object.fromEntries(asked()[0]?.body ?? [])).to.deep.equal({ grant_type: 'client_credentials', ...sends })
    })
  }

  const methods: [description: string, more: object, method: string | undefined, inForm: boolean][] = [
    ['by Basic where the metadata say nothing (RFC 8414 §2)', {}, undefined, false],
    ['by Basic where both are listed', { list: ['client_secret_post', 'client_secret_basic'] }, undefined, false],
    ['by the form where that alone is listed', { list: ['private_key_jwt', 'client_secret_post'] }, undefined, true],
    ['by Basic where the list is none', { list: 'client_secret_post' }, undefined, false],
    ['by the form where that is an option', {}, 'client_secret_post', true],
    ['by Basic where that is an option', { list: ['client_secret_post'] }, 'client_secret_basic', false],
  ]
  for (const [description, { list }, method, inForm] of methods as [string, { list?: unknown }, string, boolean][]) {
    it(`says who asks ${description}`, async () => {
      const { client, network, asked } = fixture(
        method === undefined ? {} : { tokenEndpointAuthMethod: method as never },
      )
      network.always(METADATA, () => json(metadata({ token_endpoint_auth_methods_supported: list })))
      await client.getAccessToken()
      const [{ headers, body } = { headers: new Headers(), body: new URLSearchParams() }] = asked()
      expect(headers.get('authorization')).to.equal(inForm ? null : basic('orders', formEncoded(SECRET)))
      expect([body.get('client_id'), body.get('client_secret')]).to.deep.equal(
        inForm ? ['orders', SECRET] : [null, null],
      )
    })
  }
})

describe('getAccessToken: the metadata', () => {
  for (const [description, first] of [
    ['are not there', () => answer(404)],
    ['are a redirect', () => answer(302, { location: '/login' })],
    ['are a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['name another issuer', () => json(metadata({ issuer: 'https://other.example.com' }))],
  ] as const) {
    it(`are those of OpenID Connect where the others ${description}`, async () => {
      const { client, network, sent } = fixture()
      network.always(METADATA, first)
      network.always(OPENID_METADATA, () => json(metadata()))
      expect(await client.getAccessToken()).to.equal('token-1')
      expect(sent.map(({ url }) => url)).to.deep.equal([METADATA, OPENID_METADATA, TOKEN])
      network.assertDone()
    })
  }

  const bad: [description: string, answers: () => Response, detail: string][] = [
    [
      'another issuer',
      () => json(metadata({ issuer: `${ISSUER}/other` })),
      'metadata_json_attribute_comparison_failed',
    ],
    ['an issuer that is none', () => json(metadata({ issuer: 'id' })), 'metadata_invalid'],
    ['no issuer', () => json({ token_endpoint: TOKEN }), 'metadata_invalid_response'],
    ['a list', () => json([]), 'metadata_invalid_response'],
    ['no document', () => answer(404), 'metadata_status_404'],
    ['no token endpoint', () => json({ issuer: ISSUER }), 'missing_server_metadata'],
    [
      'a token endpoint in the clear',
      () => json(metadata({ token_endpoint: 'http://a.example.com' })),
      'http_request_forbidden',
    ],
    ['a token endpoint that is none', () => json(metadata({ token_endpoint: 'token' })), 'invalid_server_metadata'],
    ['too much', () => json({ ...metadata(), more: 'x'.repeat(262_144) }), 'too_large'],
  ]
  for (const [description, answers, detail] of bad) {
    it(`with ${description} cannot be used, and no secret is sent`, async () => {
      const { client, network, asked } = fixture()
      network.always(METADATA, answers)
      network.always(OPENID_METADATA, answers)
      const error = await failure(client.getAccessToken())
      expect(error).to.include({ code: 'ERR_TOKEN_RESPONSE', detail })
      expect(asked()).to.deep.equal([])
    })
  }

  it('on loopback name no token endpoint in the clear that is elsewhere', async () => {
    const issuer = 'http://localhost:3000'
    const { client, network, sent } = fixture({ issuer })
    const url = `${issuer}/.well-known/oauth-authorization-server`
    network.always(url, () => json({ issuer, token_endpoint: 'http://a.example.com/token' }))
    expect(await failure(client.getAccessToken())).to.include({ code: 'ERR_TOKEN_RESPONSE', detail: 'insecure_url' })
    expect(sent.map(request => request.url)).to.deep.equal([url])
  })

  it('are read once an hour, by one request for all tokens', async () => {
    const { client, clock, network } = fixture()
    const audiences = ['urn:a:a', 'urn:a:b', 'urn:a:c']
    await Promise.all(audiences.map(audience => client.getAccessToken({ audience })))
    const reads = (): number => network.calls.filter(url => url === METADATA).length
    expect(reads()).to.equal(1)
    clock.advance(3_599_999)
    await client.getAccessToken()
    expect(reads()).to.equal(1)
    clock.advance(1)
    await client.getAccessToken({ audience: 'urn:a:d' })
    expect(reads()).to.equal(2)
  })

  it('are used on where they cannot be read again', async () => {
    const { client, clock, network } = fixture()
    await client.getAccessToken()
    clock.advance(3_600_000)
    network.always(METADATA, () => answer(503))
    expect(await client.getAccessToken()).to.equal('token-2')
  })

  it('are read again after the token endpoint was not there', async () => {
    const { client, clock, network } = fixture()
    await client.getAccessToken()
    clock.advance(1_000_000)
    network.always(TOKEN, () => answer(404))
    expect(await failure(client.getAccessToken())).to.include({ code: 'ERR_TOKEN_RESPONSE', detail: 'status_404' })
    const moved = `${ISSUER}/token`
    network.always(METADATA, () => json(metadata({ token_endpoint: moved })))
    network.always(moved, () => json(tokens(9)))
    clock.advance(1_000)
    expect(await client.getAccessToken()).to.equal('token-9')
  })
})

describe('getAccessToken: the cache', () => {
  it('keeps a token until 80 % of its life', async () => {
    const { client, clock } = fixture()
    expect(await client.getAccessToken()).to.equal('token-1')
    clock.advance(799_999)
    expect(await client.getAccessToken()).to.equal('token-1')
    clock.advance(1)
    expect(await client.getAccessToken()).to.equal('token-2')
  })

  it('keeps a token whose life is not said for four minutes', async () => {
    const { client, clock, network } = fixture()
    network.always(TOKEN, () => json(tokens(7, { expires_in: undefined })))
    await client.getAccessToken()
    network.always(TOKEN, () => json(tokens(8)))
    clock.advance(239_999)
    expect(await client.getAccessToken()).to.equal('token-7')
    clock.advance(1)
    expect(await client.getAccessToken()).to.equal('token-8')
  })

  it('keeps no token that has no life', async () => {
    const { client, network } = fixture()
    network.once(TOKEN, () => json(tokens(7, { expires_in: 0 })))
    expect(await client.getAccessToken()).to.equal('token-7')
    expect(await client.getAccessToken()).to.equal('token-1')
  })

  it('does not go by a clock that is set back', async () => {
    const { client, clock } = fixture()
    await client.getAccessToken()
    clock.advance(-86_400_000)
    await client.getAccessToken()
    clock.advance(800_000)
    expect(await client.getAccessToken()).to.equal('token-2')
  })

  it('keeps one for each audience and scope', async () => {
    const { client } = fixture()
    const requests = [
      {},
      { audience: 'urn:a:b' },
      { scope: 'a' },
      { scope: 'a b' },
      { audience: null },
      { audience: 'null' },
    ]
    const got = await Promise.all(requests.map(request => client.getAccessToken(request)))
    expect(new Set(got)).to.have.property('size', requests.length)
    for (const [i, request] of requests.entries()) expect(await client.getAccessToken(request)).to.equal(got[i])
  })

  it('makes one request for all who wait for the same token', async () => {
    const { client, asked } = fixture()
    const got = await Promise.all(Array.from({ length: 100 }, () => client.getAccessToken()))
    expect(new Set(got)).to.deep.equal(new Set(['token-1']))
    expect(asked()).to.have.length(1)
  })

  it('makes one request where it fails, for all who wait; the next caller asks again', async () => {
    const { client, network, asked } = fixture()
    network.once(TOKEN, () => answer(401, {}, { error: 'invalid_client' }))
    const settled = await Promise.allSettled(Array.from({ length: 10 }, () => client.getAccessToken()))
    expect(new Set(settled.map(({ status }) => status))).to.deep.equal(new Set(['rejected']))
    expect(asked()).to.have.length(1)
    expect(await client.getAccessToken()).to.equal('token-1')
  })

  it('is bounded: the thousandth and first drives out the one that was not used for longest', async () => {
    const { client, asked } = fixture()
    for (let i = 0; i <= 1_000; i++) await client.getAccessToken({ audience: `urn:a:${i}` })
    await client.getAccessToken({ audience: 'urn:a:1' })
    expect(asked()).to.have.length(1_001)
    await client.getAccessToken({ audience: 'urn:a:0' })
    expect(asked()).to.have.length(1_002)
  })

  it('is bounded in size', async () => {
    const { client, network, asked } = fixture()
    network.always(TOKEN, () => json(tokens(1, { access_token: 'x'.repeat(65_536) })))
    for (let i = 0; i < 130; i++) await client.getAccessToken({ audience: `urn:a:${i}` })
    await client.getAccessToken({ audience: 'urn:a:0' })
    expect(asked()).to.have.length(131)
  })
})

describe('getAccessToken: a token that an API refused', () => {
  it('is replaced, by one request for all who were refused', async () => {
    const { client, asked } = fixture()
    const refused = await client.getAccessToken()
    const got = await Promise.all(Array.from({ length: 10 }, () => client.getAccessToken({ refused })))
    expect(new Set(got)).to.deep.equal(new Set(['token-2']))
    expect(await client.getAccessToken({ refused })).to.equal('token-2')
    expect(asked()).to.have.length(2)
  })

  it('is replaced once in five seconds, whatever the API says', async () => {
    const { client, clock, asked } = fixture()
    for (const expected of ['token-2', 'token-2', 'token-2']) {
      expect(await client.getAccessToken({ refused: await client.getAccessToken() })).to.equal(expected)
    }
    clock.advance(4_999)
    expect(await client.getAccessToken({ refused: 'token-2' })).to.equal('token-2')
    clock.advance(1)
    expect(await client.getAccessToken({ refused: 'token-2' })).to.equal('token-3')
    expect(asked()).to.have.length(3)
  })

  it('is not given again while the issuer is down', async () => {
    const { client, network } = fixture()
    const refused = await client.getAccessToken()
    network.always(TOKEN, () => answer(503))
    expect(await failure(client.getAccessToken({ refused }))).to.include({ code: 'ERR_TOKEN_UNAVAILABLE' })
    expect(await client.getAccessToken()).to.equal(refused)
  })
})
