import { expect } from 'chai'
import { type TokenClientOptions, tokenClient } from 'scopegate/client'
import { failure, fixture, OPTIONS, SECRET } from './fixture.js'

const TYPE = 'ERR_INVALID_ARG_TYPE'
const VALUE = 'ERR_INVALID_ARG_VALUE'

describe('tokenClient: options', () => {
  const refused: [name: string, value: unknown, code: string][] = [
    ['issuer', undefined, TYPE],
    ['issuer', 1, TYPE],
    ['issuer', '', VALUE],
    ['issuer', 'id.example.com', VALUE],
    ['issuer', 'http://id.example.com', VALUE],
    ['issuer', 'https://user@id.example.com', VALUE],
    ['issuer', 'https://id.example.com?a=b', VALUE],
    ['issuer', 'https://id.example.com#a', VALUE],
    ['clientId', undefined, TYPE],
    ['clientId', '', VALUE],
    ['clientSecret', undefined, TYPE],
    ['clientSecret', '', VALUE],
    ['clientSecret', 7, TYPE],
    ['audience', undefined, TYPE],
    ['audience', '', VALUE],
    ['audience', ['a'], TYPE],
    ['scope', '', VALUE],
    ['scope', 'a  b', VALUE],
    ['scope', ' a', VALUE],
    ['scope', ['a'], TYPE],
    ['scope', null, TYPE],
    ['tokenEndpointAuthMethod', 'none', VALUE],
    ['tokenEndpointAuthMethod', 'private_key_jwt', VALUE],
    ['timeout', '5', TYPE],
    ['timeout', 0, VALUE],
    ['timeout', 60_001, VALUE],
    ['timeout', Number.NaN, VALUE],
    ['timeout', 1.5, VALUE],
    ['fetch', {}, TYPE],
    ['clock', {}, TYPE],
    ['clock', null, TYPE],
    ['scopes', 'a', VALUE],
    ['client_secret', 'a', VALUE],
  ]
  for (const [name, value, code] of refused) {
    it(`refuses ${name}: ${JSON.stringify(value)}, naming it`, () => {
      const options = { ...OPTIONS, [name]: value } as TokenClientOptions
      expect(() => tokenClient(options))
        .to.throw(TypeError, name)
        .with.property('code', code)
    })
  }

  for (const options of [undefined, null, 'a', []]) {
    it(`refuses ${JSON.stringify(options)} as options`, () => {
      expect(() => tokenClient(options as unknown as TokenClientOptions))
        .to.throw(TypeError, 'options')
        .with.property('code', TYPE)
    })
  }

  it('quotes no value that is refused', () => {
    for (const name of Object.keys(OPTIONS)) {
      const options = { ...OPTIONS, [name]: { toString: () => SECRET } } as unknown as TokenClientOptions
      expect(() => tokenClient(options))
        .to.throw(TypeError)
        .with.property('message')
        .not.include(SECRET)
    }
  })

  for (const options of [
    { issuer: 'http://localhost:3000' },
    { issuer: 'https://id.example.com/t/acme' },
    { issuer: 'https://tenant.example.com/' },
    { audience: null },
    { audience: '6e5f0d7c' },
    { scope: 'read:users write:users' },
    { timeout: 1 },
    { timeout: 60_000 },
    { tokenEndpointAuthMethod: 'client_secret_post' },
  ] satisfies Partial<TokenClientOptions>[]) {
    it(`takes ${JSON.stringify(options)}`, () => {
      expect(tokenClient({ ...OPTIONS, ...options })).to.have.keys('getAccessToken', 'fetch')
    })
  }

  it('does not look at them again', async () => {
    const options = { ...OPTIONS }
    const { client, asked } = fixture(options)
    Object.assign(options, { clientId: 'other', audience: 'https://other.example.com' })
    await client.getAccessToken()
    expect(asked()[0]?.body.get('audience')).to.equal(OPTIONS.audience)
  })
})

describe('getAccessToken: options', () => {
  const refused: [request: unknown, code: string][] = [
    [null, TYPE],
    ['https://api.example.com', TYPE],
    [{ audience: '' }, VALUE],
    [{ audience: 1 }, TYPE],
    [{ scope: '' }, VALUE],
    [{ scope: 'a "b"' }, VALUE],
    [{ refused: '' }, VALUE],
    [{ refused: 1 }, TYPE],
    [{ resource: 'https://api.example.com' }, VALUE],
  ]
  for (const [request, code] of refused) {
    it(`refuses ${JSON.stringify(request)}, and sends nothing`, async () => {
      const { client, sent } = fixture()
      const error = await failure(client.getAccessToken(request as object))
      expect(error).to.be.instanceOf(TypeError).with.property('code', code)
      expect(sent).to.deep.equal([])
    })
  }
})
