import { expect } from 'chai'
import { type DpopKey, dpopKey, type TestIssuer, testIssuer } from '../../lib/testing/index.js'

const TYPE = 'ERR_INVALID_ARG_TYPE'
const VALUE = 'ERR_INVALID_ARG_VALUE'
const AUDIENCE = 'https://api.example.com'

/** What is given, what it is refused with, and what the message says. */
type Row = [options: unknown, code: string, message: RegExp]

describe('options of the test kit', () => {
  let issuer: TestIssuer
  let key: DpopKey
  before(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
    key = await dpopKey()
  })

  const proof = (more: object) => ({ url: `${AUDIENCE}/users`, token: 'abc', ...more })

  const notObjects: Row[] = [null, 'read:users', 1, true, []].map(value => [value, TYPE, /options must be an object/])
  const claimsAndHeader = (wrap: (options: object) => object): Row[] => [
    [wrap({ claims: 'sub' }), TYPE, /claims/],
    [wrap({ claims: [] }), TYPE, /claims/],
    [wrap({ claims: null }), TYPE, /claims/],
    [wrap({ header: 1 }), TYPE, /header/],
    [wrap({ header: null }), TYPE, /header/],
    [wrap({ headers: {} }), VALUE, /"headers".*use header$/],
    [wrap({ constructor: {} }), VALUE, /"constructor"/],
    [wrap(JSON.parse('{ "__proto__": {} }')), VALUE, /"__proto__"/],
  ]

  const functions: { name: string; call: (options: never) => unknown; refused: Row[] }[] = [
    {
      name: 'testIssuer',
      call: testIssuer,
      refused: [
        ...notObjects,
        [undefined, TYPE, /options must be an object/],
        [{}, TYPE, /audience/],
        [{ audience: undefined }, TYPE, /audience/],
        [{ audience: '' }, VALUE, /audience/],
        [{ audience: [AUDIENCE] }, TYPE, /audience/],
        [{ aud: AUDIENCE }, VALUE, /"aud".*use audience$/],
        [{ audience: AUDIENCE, iss: 'https://id.example.com' }, VALUE, /"iss".*use issuer$/],
        [{ audience: AUDIENCE, issuer: 1 }, TYPE, /issuer/],
        [{ audience: AUDIENCE, issuer: 'id.example.com' }, VALUE, /issuer/],
        [{ audience: AUDIENCE, issuer: 'http://id.example.com' }, VALUE, /issuer/],
        [{ audience: AUDIENCE, issuer: 'https://id.example.com?a' }, VALUE, /issuer/],
        [{ audience: AUDIENCE, clock: Date.now }, TYPE, /clock/],
        [{ audience: AUDIENCE, clock: null }, TYPE, /clock/],
        [{ audience: AUDIENCE, scope: 'a' }, VALUE, /"scope"/],
      ],
    },
    ...(['token', 'bearer'] as const).map(name => ({
      name,
      call: (options: never) => issuer[name](options),
      refused: [
        ...notObjects,
        ...claimsAndHeader(options => options),
        [{ sub: 'u9' }, VALUE, /"sub".*use subject$/],
        [{ scopes: ['read:users'] }, VALUE, /"scopes".*use scope$/],
        [{ client_id: 'web' }, VALUE, /"client_id".*use clientId$/],
        [{ exp: 1 }, VALUE, /"exp".*use expiresIn$/],
        [{ expires_in: 1 }, VALUE, /"expires_in".*use expiresIn$/],
        [{ permission: 'a' }, VALUE, /"permission".*use permissions$/],
        [{ aud: 'https://other.example.com' }, VALUE, /"aud".*use claims.aud$/],
        [{ kid: 'k' }, VALUE, /"kid".*use header.kid$/],
        [{ org: 'a' }, VALUE, /"org".*claims/],
        [{ scope: ['read:users'] }, TYPE, /scope/],
        [{ scope: null }, TYPE, /scope/],
        [{ permissions: 'read:users' }, TYPE, /permissions/],
        [{ permissions: ['a', 1] }, TYPE, /permissions/],
        [{ clientId: 1 }, TYPE, /clientId/],
        [{ clientId: '' }, VALUE, /clientId/],
        [{ subject: 9 }, TYPE, /subject/],
        [{ subject: null }, TYPE, /subject/],
        [{ expiresIn: '3600' }, TYPE, /expiresIn/],
        [{ expiresIn: new Date() }, TYPE, /expiresIn/],
        [{ expiresIn: Number.NaN }, VALUE, /expiresIn/],
        [{ expiresIn: Number.POSITIVE_INFINITY }, VALUE, /expiresIn/],
        [{ dpopKey: 'jkt' }, TYPE, /dpopKey/],
        [{ dpopKey: Promise.resolve({ jkt: 'a' }) }, TYPE, /dpopKey.*await/],
      ] satisfies Row[],
    })),
    {
      name: 'rotate',
      call: options => issuer.rotate(options),
      refused: [
        ...notObjects,
        [false, TYPE, /options must be an object/],
        [{ keep: 0 }, TYPE, /keep/],
        [{ keep: null }, TYPE, /keep/],
        [{ kept: false }, VALUE, /"kept"/],
      ],
    },
    {
      name: 'publish',
      call: keys => issuer.publish(keys),
      refused: [undefined, null, 'key', { keys: [] }].map(keys => [keys, TYPE, /keys must be a list/]),
    },
    {
      name: 'fail',
      call: mode => issuer.fail(mode),
      refused: [
        [undefined, TYPE, /mode/],
        [503, TYPE, /mode/],
        [['refuse'], TYPE, /mode/],
        ['', VALUE, /mode/],
        ['refused', VALUE, /mode.*refuse/],
        ['toString', VALUE, /mode/],
      ],
    },
    {
      name: 'dpopKey',
      call: dpopKey,
      refused: [null, 1, 'now', {}, { clock: Date }, Date.UTC].map(clock => [clock, TYPE, /clock/]),
    },
    {
      name: 'proof',
      call: options => key.proof(options),
      refused: [
        ...notObjects,
        ...claimsAndHeader(proof),
        [undefined, TYPE, /options must be an object/],
        [{}, TYPE, /url/],
        [{ url: `${AUDIENCE}/users` }, TYPE, /token/],
        [proof({ url: '/users' }), VALUE, /url.*absolute/],
        [proof({ url: new URL(AUDIENCE) }), TYPE, /url/],
        [proof({ token: '' }), VALUE, /token/],
        [proof({ method: 1 }), TYPE, /method/],
        [proof({ nonce: null }), TYPE, /nonce/],
        [proof({ htu: AUDIENCE }), VALUE, /"htu".*use url$/],
        [proof({ htm: 'GET' }), VALUE, /"htm".*use method$/],
        [proof({ accessToken: 'abc' }), VALUE, /"accessToken".*use token$/],
        [proof({ jti: 'a' }), VALUE, /"jti".*claims/],
      ],
    },
  ]
  for (const { name, call, refused } of functions) {
    for (const [options, code, message] of refused) {
      it(`${name} refuses ${describeValue(options)}`, async () => {
        const error = await refusalOf(() => call(options as never))
        expect(error).to.be.an.instanceof(TypeError).and.to.have.property('code', code)
        expect((error as TypeError).message).to.match(message)
      })
    }
  }

  it('changes nothing where it refuses', async () => {
    const { keys } = issuer.jwks()
    const error = await refusalOf(() => issuer.rotate({ keep: 0 } as never))
    expect(error).to.be.an.instanceof(TypeError)
    expect(issuer.jwks().keys).to.deep.equal(keys)
  })

  it('takes undefined for an option left out', async () => {
    const nothing = { scope: undefined, permissions: undefined, subject: undefined, expiresIn: undefined } as never
    await issuer.token(nothing)
    await issuer.rotate({ keep: undefined } as never)
    await testIssuer({ audience: AUDIENCE, issuer: undefined, clock: undefined } as never)
    await key.proof({ url: AUDIENCE, token: 'abc', nonce: undefined })
  })

  it('puts in a token what is asked for, odd claims and headers too', async () => {
    const token = await issuer.token({
      scope: '',
      permissions: [],
      subject: 'ada',
      clientId: 'web',
      expiresIn: -1.5,
      claims: { aud: ['a', 'b'], jti: undefined, org: { id: 1 } },
      header: { alg: 'none', typ: undefined, crit: ['x'] },
    })
    const [header, payload] = token
      .split('.', 2)
      .map(part => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))
    expect(header).to.deep.equal({ alg: 'none', kid: issuer.jwks().keys[0]?.kid, crit: ['x'] })
    const { iat, exp, ...rest } = payload
    expect(exp - iat).to.equal(-1.5)
    expect(rest).to.deep.equal({
      iss: issuer.issuer,
      sub: 'ada',
      aud: ['a', 'b'],
      client_id: 'web',
      scope: '',
      permissions: [],
      org: { id: 1 },
    })
  })
})

/** What a function throws, or rejects with. */
async function refusalOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return undefined
}

function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? 'a function' : `${value}`
  const show = (member: unknown) => (typeof member === 'number' ? `${member}` : JSON.stringify(member))
  if (Array.isArray(value)) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([name, member]) => `${name}: ${show(member)}`)
    .join(', ')} }`
}
