import { inspect } from 'node:util'
import { expect } from 'chai'
import { TokenClientError, TokenRefusedError, TokenResponseError, TokenUnavailableError } from 'scopegate/client'
import { parseRetryAfter } from '../../lib/client/retry-after.js'
import { json } from '../support/planned-fetch.js'
import { answer, failure, fixture, METADATA, OPENID_METADATA, SECRET, TOKEN, tokens } from './fixture.js'

const LIFE = 1_000_000

describe('getAccessToken: Retry-After', () => {
  for (const status of [429, 503]) {
    for (const url of [TOKEN, METADATA]) {
      it(`of a ${status} from ${new URL(url).pathname} is kept, to the millisecond`, async () => {
        const { client, clock, network } = fixture()
        network.once(url, () => answer(status, { 'retry-after': '30' }))
        const first = await failure(client.getAccessToken())
        expect(first).to.be.instanceOf(TokenUnavailableError)
        expect(first).to.include({ code: 'ERR_TOKEN_UNAVAILABLE', detail: `status_${status}`, retryAfter: 30 })
        const { length } = network.calls
        clock.advance(29_999)
        expect(await failure(client.getAccessToken({ audience: 'urn:a:b' }))).to.include({ retryAfter: 1 })
        expect(network.calls).to.have.length(length)
        clock.advance(1)
        expect(await client.getAccessToken()).to.equal('token-1')
      })
    }
  }

  it('leaves the old token in use while that lives, and rejects after', async () => {
    const { client, clock, network, asked } = fixture()
    await client.getAccessToken()
    clock.advance(0.8 * LIFE)
    network.always(TOKEN, () => answer(503, { 'retry-after': '600' }))
    for (let i = 0; i < 3; i++) expect(await client.getAccessToken()).to.equal('token-1')
    clock.advance(0.2 * LIFE - 1)
    expect(await client.getAccessToken()).to.equal('token-1')
    expect(asked()).to.have.length(2)
    clock.advance(1)
    expect(await failure(client.getAccessToken())).to.include({ code: 'ERR_TOKEN_UNAVAILABLE', retryAfter: 400 })
    expect(asked()).to.have.length(2)
    network.always(TOKEN, () => json(tokens(2)))
    clock.advance(400_000)
    expect(await client.getAccessToken()).to.equal('token-2')
  })

  it('of one answer is not shortened by a success that was under way', async () => {
    const { client, network } = fixture()
    await client.getAccessToken()
    let finish = (_response: Response): void => undefined
    network.once(TOKEN, () => new Promise<Response>(resolve => (finish = resolve)))
    const slow = client.getAccessToken({ audience: 'urn:a:a' })
    network.once(TOKEN, () => answer(429, { 'retry-after': '30' }))
    await failure(client.getAccessToken({ audience: 'urn:a:b' }))
    finish(json(tokens(2)))
    expect(await slow).to.equal('token-2')
    expect(await failure(client.getAccessToken({ audience: 'urn:a:c' }))).to.include({ retryAfter: 30 })
  })

  const now = Date.UTC(2026, 0, 31, 12)
  const values: [value: string | null, wait: number | undefined][] = [
    ['1', 1_000],
    [' 120 ', 120_000],
    ['3600', 3_600_000],
    ['3601', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['Sat, 31 Jan 2026 12:00:10 GMT', 10_000],
    ['Sat, 31 Jan 2026 23:00:00 GMT', 3_600_000],
    ['Sat, 31 Jan 2026 12:00:00 GMT', undefined],
    ['Sat, 31 Jan 2026 11:59:59 GMT', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['soon GMT', undefined],
    ['', undefined],
    [null, undefined],
  ]
  for (const [value, wait] of values) {
    it(`${JSON.stringify(value)?.slice(0, 40)} is ${wait === undefined ? 'none' : `${wait} ms`}`, () => {
      expect(parseRetryAfter(value, now)).to.equal(wait)
    })
  }
})

describe('getAccessToken: an issuer that fails', () => {
  const refuse = (): never => {
    throw Object.assign(new TypeError('fetch failed'), {
      cause: Object.assign(new Error(SECRET), { code: 'ECONNREFUSED' }),
    })
  }
  const failures: [description: string, url: string, answers: () => Response, detail: string][] = [
    ['cannot be reached', METADATA, refuse, 'ECONNREFUSED'],
    ['cannot be reached at its token endpoint', TOKEN, refuse, 'ECONNREFUSED'],
    ['answers 429 without Retry-After', TOKEN, () => answer(429), 'status_429'],
    ['answers 503 with Retry-After: 0', TOKEN, () => answer(503, { 'retry-after': '0' }), 'status_503'],
    ['answers 500', TOKEN, () => answer(500, {}, { error: 'server_error' }), 'status_500'],
    ['answers 502 to discovery', METADATA, () => answer(502), 'status_502'],
    ['answers nothing in time', TOKEN, (() => new Promise(() => {})) as never, 'timeout'],
    ['answers nothing in time to discovery', METADATA, (() => new Promise(() => {})) as never, 'timeout'],
    ['begins and does not end', TOKEN, () => new Response(new ReadableStream()), 'timeout'],
  ]
  for (const [description, url, answers, detail] of failures) {
    it(`and ${description} is asked again after a second, then after ten at most`, async () => {
      const { client, clock, network } = fixture({ timeout: detail === 'timeout' ? 5 : 5_000 })
      network.always(url, answers)
      for (let i = 0; i < 6; i++) {
        const error = await failure(client.getAccessToken())
        expect(error).to.include({ code: 'ERR_TOKEN_UNAVAILABLE', detail })
        expect(error['retryAfter']).to.be.within(1, i === 0 ? 1 : 10)
        const { length } = network.calls
        clock.advance(599)
        await failure(client.getAccessToken())
        expect(network.calls).to.have.length(length)
        clock.advance(9_401)
      }
      expect(network.calls.filter(called => called === url)).to.have.length(6)
    })
  }

  it('is asked again after a second although many tokens failed at once', async () => {
    const { client, clock, network } = fixture()
    await client.getAccessToken()
    network.always(TOKEN, () => answer(500))
    await Promise.allSettled([1, 2, 3, 4, 5, 6].map(i => client.getAccessToken({ audience: `urn:a:${i}` })))
    network.always(TOKEN, () => json(tokens(2)))
    clock.advance(1_000)
    expect(await client.getAccessToken({ audience: 'urn:a:1' })).to.equal('token-2')
  })

  it('is asked for no token after its metadata came too late', async () => {
    const { client, network, asked } = fixture({ timeout: 5 })
    let finish = (_response: Response): void => undefined
    network.once(METADATA, () => new Promise<Response>(resolve => (finish = resolve)))
    expect(await failure(client.getAccessToken())).to.include({ detail: 'timeout' })
    finish(json({}))
    await new Promise(setImmediate)
    expect(asked()).to.deep.equal([])
  })

  it('and gives what is no answer is left alone too, and the wait is said', async () => {
    const { client, clock, network } = fixture()
    network.always(METADATA, () => answer(404))
    network.always(OPENID_METADATA, () => answer(404))
    expect(await failure(client.getAccessToken())).to.be.instanceOf(TokenResponseError)
    expect(await failure(client.getAccessToken())).to.include({
      code: 'ERR_TOKEN_UNAVAILABLE',
      detail: 'metadata_status_404',
      retryAfter: 1,
    })
    expect(network.calls).to.have.length(2)
    clock.advance(1_000)
    expect(await failure(client.getAccessToken())).to.be.instanceOf(TokenResponseError)
  })
})

describe('getAccessToken: an answer of the token endpoint', () => {
  const bad: [description: string, answers: () => Response, detail: string][] = [
    [
      'that is no JSON',
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      'response_is_not_json',
    ],
    ['without a token', () => json(tokens(1, { access_token: undefined })), 'invalid_response'],
    ['whose token is a number', () => json(tokens(1, { access_token: 7 })), 'invalid_response'],
    ['without a type', () => json(tokens(1, { token_type: undefined })), 'invalid_response'],
    ['of the type DPoP', () => json(tokens(1, { token_type: 'DPoP' })), 'token_type'],
    ['of another type', () => json(tokens(1, { token_type: 'mac' })), 'unsupported_operation'],
    ['with a negative life', () => json(tokens(1, { expires_in: -1 })), 'invalid_response'],
    ['with a life that is no number', () => json(tokens(1, { expires_in: 'soon' })), 'invalid_response'],
    ['whose token has a blank', () => json(tokens(1, { access_token: 'a b' })), 'token_characters'],
    ['whose token has a line break', () => json(tokens(1, { access_token: 'a\r\nx: b' })), 'token_characters'],
    ['whose token is not ASCII', () => json(tokens(1, { access_token: 'é' })), 'token_characters'],
    ['whose token is too long', () => json(tokens(1, { access_token: 'x'.repeat(65_537) })), 'too_large'],
    ['that has no end', () => json(tokens(1, { more: 'x'.repeat(262_144) })), 'too_large'],
    ['that is a redirect', () => answer(307, { location: 'https://evil.example.com' }), 'status_307'],
    ['of 404', () => answer(404), 'status_404'],
    ['of 201', () => answer(201, {}, tokens(1)), 'status_201'],
  ]
  for (const [description, answers, detail] of bad) {
    it(`${description} cannot be used`, async () => {
      const { client, network, sent } = fixture()
      network.always(TOKEN, answers)
      const error = await failure(client.getAccessToken())
      expect(error).to.be.instanceOf(TokenResponseError).and.include({ code: 'ERR_TOKEN_RESPONSE', detail })
      expect(sent.map(({ url, redirect }) => [url, redirect])).to.deep.equal([
        [METADATA, 'manual'],
        [TOKEN, 'manual'],
      ])
    })
  }

  const refusals: [status: number, headers: Record<string, string>, body: unknown, error: string | undefined][] = [
    [401, {}, { error: 'invalid_client', error_description: SECRET }, 'invalid_client'],
    [401, { 'www-authenticate': 'Basic realm="a"' }, { error: 'invalid_client' }, 'invalid_client'],
    [400, {}, { error: 'invalid_target' }, 'invalid_target'],
    [400, {}, { error: `<${SECRET}>` }, undefined],
    [400, {}, 'no object', undefined],
    [401, { 'content-type': 'text/plain' }, 'no', undefined],
    [403, {}, {}, undefined],
  ]
  for (const [status, headers, body, code] of refusals) {
    it(`${status} ${JSON.stringify({ ...headers, body })} is a refusal`, async () => {
      const { client, network } = fixture()
      network.always(TOKEN, () => answer(status, headers, body))
      const error = await failure(client.getAccessToken())
      expect(error).to.be.instanceOf(TokenRefusedError).and.include({ code: 'ERR_TOKEN_REFUSED', status, error: code })
    })
  }

  it('that refuses a new token leaves the old one in use while that lives, and is asked for every ten seconds', async () => {
    const { client, clock, network, asked } = fixture()
    await client.getAccessToken()
    network.always(TOKEN, () => answer(401, {}, { error: 'invalid_client' }))
    clock.advance(0.8 * LIFE)
    for (let i = 0; i < 5; i++) expect(await client.getAccessToken()).to.equal('token-1')
    expect(asked()).to.have.length(2)
    clock.advance(10_000)
    expect(await client.getAccessToken()).to.equal('token-1')
    expect(asked()).to.have.length(3)
    clock.advance(0.2 * LIFE)
    expect(await failure(client.getAccessToken())).to.include({ code: 'ERR_TOKEN_REFUSED', error: 'invalid_client' })
  })
})

describe('errors of tokenClient', () => {
  const causes: [description: string, url: string, answers: () => Response][] = [
    ['a refusal', TOKEN, () => answer(401, {}, { error: 'invalid_client', error_description: SECRET })],
    ['an answer that is no good', TOKEN, () => json({ access_token: SECRET })],
    ['an answer of another type', TOKEN, () => json({ access_token: SECRET, token_type: SECRET })],
    ['an answer that is too large', TOKEN, () => new Response(SECRET.repeat(20_000))],
    ['a server error', TOKEN, () => answer(500, {}, SECRET)],
    ['metadata that are no good', METADATA, () => json({ issuer: SECRET })],
    [
      'a fetch that throws',
      TOKEN,
      () => {
        throw Object.assign(new Error(SECRET), { code: SECRET, cause: new Error(SECRET) })
      },
    ],
  ]
  for (const [description, url, answers] of causes) {
    it(`hold nothing that was sent or answered: ${description}`, async () => {
      const { client, network } = fixture()
      network.always(url, answers)
      network.always(OPENID_METADATA, answers)
      const error = await failure(client.getAccessToken())
      expect(error).to.be.instanceOf(TokenClientError)
      expect(error.name).to.equal(error.constructor.name)
      const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error)
      for (const hidden of [SECRET, 'Basic ', 'token-1']) expect(shown).not.to.include(hidden)
    })
  }
})
