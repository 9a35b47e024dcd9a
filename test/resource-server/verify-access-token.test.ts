import { createSecretKey, sign } from 'node:crypto'
import { expect } from 'chai'
import type { VerifierOptions } from '../../lib/resource-server/options/options.js'
import { createKey, renameKey, sharedKey, signWith } from '../support/keys.js'
import {
  AUDIENCE,
  encode,
  GOOD_CLAIMS,
  ISSUER,
  mintToken,
  NOW,
  signParts,
  type TokenPlan,
} from '../support/mint-token.js'
import { accept, createFixture, refusalOf } from './fixture.js'

const LEEWAY = 5
const ALL = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

interface Row extends TokenPlan {
  description: string
  options?: Partial<VerifierOptions>
  refusal?: string
}

function check(rows: readonly Row[]): void {
  for (const { description, options, refusal, ...plan } of rows) {
    it(`${refusal === undefined ? 'accepts' : 'refuses'} ${description}`, async () => {
      const { verifier } = createFixture(options)
      expect(await refusalOf(verifier, mintToken(plan))).to.equal(refusal)
    })
  }
}

describe('verify-access-token', () => {
  describe('what a verified token says', () => {
    it('gives payload, header, token, client, scopes and expiry, frozen', async () => {
      const token = mintToken({ claims: { permissions: ['read:users'], nested: { list: [1] } } })
      const auth = await accept(createFixture().verifier, token)
      expect(auth).to.deep.include({
        token,
        clientId: 'client-1',
        scopes: ['read:users', 'write:users'],
        permissions: ['read:users'],
        expiresAt: NOW + 3600,
      })
      expect(auth.header).to.deep.equal({ alg: 'RS256', typ: 'at+jwt', kid: 'RS256-1' })
      for (const part of [auth, auth.payload, auth.header, auth.scopes, auth.permissions, auth.payload['nested']]) {
        expect(part).to.be.frozen
      }
    })

    const rows = [
      { description: 'client_id before azp and cid', claims: { azp: 'b', cid: 'c' }, clientId: 'client-1' },
      { description: 'azp before cid', claims: { client_id: undefined, azp: 'b', cid: 'c' }, clientId: 'b' },
      { description: 'cid', claims: { client_id: undefined, cid: 'c' }, clientId: 'c' },
      { description: 'no client', claims: { client_id: undefined }, clientId: '' },
      { description: 'scope before scp', claims: { scope: 'a', scp: ['b'] }, scopes: ['a'] },
      { description: 'scp as a list', claims: { scope: undefined, scp: ['b', 'c'] }, scopes: ['b', 'c'] },
      { description: 'scp as a text', claims: { scope: undefined, scp: 'b c' }, scopes: ['b', 'c'] },
      { description: 'a scope of a wrong type as none', claims: { scope: { read: true } }, scopes: [] },
      { description: 'a scope list with a number as none', claims: { scope: ['a', 1] }, scopes: [] },
      { description: 'permissions in a text', claims: { permissions: 'read  all' }, permissions: ['read', 'all'] },
      { description: 'no permissions in an empty text', claims: { permissions: '' }, permissions: [] },
      { description: 'no permissions where they are an object', claims: { permissions: {} }, permissions: undefined },
      { description: 'no permissions of mixed types', claims: { permissions: ['a', 1] }, permissions: undefined },
      { description: 'no permissions where they are null', claims: { permissions: null }, permissions: undefined },
      { description: 'an empty list of permissions', claims: { permissions: [] }, permissions: [] },
    ]
    for (const { description, claims, ...expected } of rows) {
      it(`reads ${description}`, async () => {
        const auth = await accept(createFixture().verifier, mintToken({ claims }))
        for (const [name, value] of Object.entries(expected)) {
          const member = auth[name as keyof typeof auth]
          expect(member).to.deep.equal(value)
          expect(Object.isFrozen(member)).to.equal(true)
        }
      })
    }
  })

  describe('algorithms', () => {
    for (const alg of ALL) {
      it(`accepts ${alg} where it is allowed, and only there`, async () => {
        const key = sharedKey(alg)
        const token = mintToken({ key })
        const allowing = createFixture({ algorithms: ALL }, [key.jwk]).verifier
        const other = createFixture({ algorithms: [alg === 'RS384' ? 'RS512' : 'RS384'] }, [key.jwk]).verifier
        expect(await refusalOf(allowing, token)).to.equal(undefined)
        expect(await refusalOf(other, token)).to.equal('algorithm')
        expect(await refusalOf(allowing, `${token.slice(0, -8)}AAAAAAAA`)).to.equal('signature')
      })
    }

    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'rs256', 'RS256 ', 'constructor', '__proto__']) {
      it(`refuses alg ${JSON.stringify(alg)}, with and without a signature`, async () => {
        const { verifier, network } = createFixture({ algorithms: ALL })
        const header = encode(JSON.stringify({ alg, kid: sharedKey().kid }))
        const payload = encode(JSON.stringify(GOOD_CLAIMS))
        expect(await refusalOf(verifier, signParts(header, payload))).to.equal('algorithm')
        expect(await refusalOf(verifier, `${header}.${payload}.`)).to.be.a('string')
        expect(network.calls).to.deep.equal([])
      })
    }

    for (const alg of [undefined, null, 256, ['RS256'], { name: 'RS256' }]) {
      it(`refuses alg ${JSON.stringify(alg)}`, async () => {
        expect(await refusalOf(createFixture().verifier, mintToken({ header: { alg } }))).to.equal('algorithm')
      })
    }

    it('refuses HS256 with the public key as its secret', async () => {
      const key = sharedKey()
      const { verifier } = createFixture({ algorithms: ALL })
      for (const secret of [
        key.publicKey.export({ format: 'pem', type: 'spki' }),
        key.publicKey.export({ format: 'der', type: 'spki' }),
        JSON.stringify(key.jwk),
      ]) {
        const signKey = createSecretKey(Buffer.from(secret as string))
        expect(await refusalOf(verifier, mintToken({ signAlg: 'HS256', signKey }))).to.equal('algorithm')
      }
    })

    it('refuses an algorithm other than that of the JWK', async () => {
      const { verifier } = createFixture({ algorithms: ALL })
      for (const signAlg of ['PS256', 'RS384', 'PS512']) {
        expect(await refusalOf(verifier, mintToken({ signAlg }))).to.equal('key')
      }
    })

    it('takes a JWK without alg and use for each algorithm of its type, and for no other type', async () => {
      const { alg: _alg, use: _use, ...jwk } = sharedKey().jwk
      const { verifier } = createFixture({ algorithms: ALL }, [jwk])
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      expect(await refusalOf(verifier, mintToken({ signAlg: 'PS256' }))).to.equal(undefined)
      const elliptic = renameKey(sharedKey('ES256'), { kid: 'RS256-1' })
      expect(await refusalOf(verifier, mintToken({ key: elliptic }))).to.equal('key')
    })

    it('holds an elliptic key to the curve of the algorithm', async () => {
      const { alg: _alg, ...jwk } = sharedKey('ES384').jwk
      const { verifier } = createFixture({ algorithms: ALL }, [jwk])
      expect(await refusalOf(verifier, mintToken({ key: sharedKey('ES384'), header: { alg: 'ES256' } }))).to.equal(
        'key',
      )
    })

    it('takes EdDSA and Ed25519 for one algorithm', async () => {
      const key = sharedKey('EdDSA')
      const { verifier } = createFixture({ algorithms: ['Ed25519'] }, [key.jwk])
      expect(await refusalOf(verifier, mintToken({ key, header: { alg: 'Ed25519' } }))).to.equal(undefined)
      expect(await refusalOf(verifier, mintToken({ key }))).to.equal('algorithm')
    })

    it('refuses DER signatures, and all-zero ones, of elliptic keys', async () => {
      const key = sharedKey('ES256')
      const { verifier } = createFixture({ algorithms: ALL }, [key.jwk])
      const signed = mintToken({ key }).split('.').slice(0, 2).join('.')
      const der = sign('sha256', Buffer.from(signed), key.privateKey)
      expect(await refusalOf(verifier, `${signed}.${encode(der)}`)).to.equal('signature')
      expect(await refusalOf(verifier, `${signed}.${encode(Buffer.alloc(64))}`)).to.equal('signature')
    })

    it('refuses a signature with a byte more or less', async () => {
      const { verifier } = createFixture()
      const [header = '', payload = ''] = mintToken().split('.')
      const signature = signWith('RS256', sharedKey().privateKey, `${header}.${payload}`)
      for (const odd of [signature.subarray(1), Buffer.concat([signature, Buffer.alloc(1)])]) {
        expect(await refusalOf(verifier, `${header}.${payload}.${encode(odd)}`)).to.equal('signature')
      }
    })

    it('refuses another payload under the same signature', async () => {
      const [header = '', , signature = ''] = mintToken().split('.')
      const payload = encode(JSON.stringify({ ...GOOD_CLAIMS, sub: 'admin' }))
      expect(await refusalOf(createFixture().verifier, `${header}.${payload}.${signature}`)).to.equal('signature')
    })
  })

  describe('header', () => {
    check([
      { description: 'typ at+jwt in another case', header: { typ: 'AT+jwt' } },
      { description: 'typ application/at+jwt', header: { typ: 'application/at+jwt' } },
      { description: 'typ Application/AT+JWT', header: { typ: 'Application/AT+JWT' } },
      { description: 'typ JWT', header: { typ: 'JWT' } },
      { description: 'typ jwt', header: { typ: 'jwt' } },
      { description: 'no typ', header: { typ: undefined } },
      { description: 'typ JWT where strict', header: { typ: 'JWT' }, options: { strict: true }, refusal: 'type' },
      { description: 'no typ where strict', header: { typ: undefined }, options: { strict: true }, refusal: 'type' },
      ...['id+jwt', 'logout+jwt', 'dpop+jwt', 'secevent+jwt', 'at+jwt ', 'application/application/at+jwt', ''].map(
        typ => ({
          description: `typ ${JSON.stringify(typ)}`,
          header: { typ },
          refusal: 'type',
        }),
      ),
      ...[null, 1, ['at+jwt']].map(typ => ({ description: `typ ${typ}`, header: { typ }, refusal: 'type' })),
      ...[['exp'], ['b64'], [], null, 'exp', ['alg']].map(crit => ({
        description: `crit ${JSON.stringify(crit)}`,
        header: { crit, exp: NOW },
        refusal: 'critical',
      })),
      { description: 'b64 false', header: { b64: false }, refusal: 'critical' },
      { description: 'b64 false named by crit', header: { b64: false, crit: ['b64'] }, refusal: 'critical' },
      ...[1, null, {}, ['RS256-1']].map(kid => ({
        description: `kid ${JSON.stringify(kid)}`,
        header: { kid },
        refusal: 'kid',
      })),
      ...[
        '__proto__',
        'constructor',
        '../../etc/passwd',
        "' OR 1=1 --",
        '',
        'a,b',
        'a.b',
        'a\n',
        'x'.repeat(10_000),
      ].map(kid => ({
        description: `the unknown kid ${JSON.stringify(kid).slice(0, 30)}`,
        header: { kid },
        refusal: 'key',
      })),
      { description: 'no kid', header: { kid: undefined } },
      { description: 'a header that is a list', headerText: '["RS256"]', refusal: 'not_an_object' },
      { description: 'a header that is null', headerText: 'null', refusal: 'not_an_object' },
      { description: 'a header that is no JSON', headerText: '{alg:RS256}', refusal: 'not_json' },
      { description: 'a header with a byte order mark', headerText: '\ufeff{"alg":"RS256"}', refusal: 'not_json' },
      { description: 'alg twice', headerText: '{"alg":"none","alg":"RS256"}', refusal: 'not_json' },
      { description: 'alg twice, once escaped', headerText: '{"al\\u0067":"none","alg":"RS256"}', refusal: 'not_json' },
      {
        description: 'a header in broken UTF-8',
        headerText: Buffer.concat([Buffer.from('{"alg":"RS256","x":"'), Buffer.from([0xff]), Buffer.from('"}')]),
        refusal: 'not_json',
      },
      {
        description: 'a header nested a thousand deep',
        headerText: `{"alg":"RS256","x":${'['.repeat(1000)}${']'.repeat(1000)}}`,
        refusal: 'not_json',
      },
    ])

    it('is not troubled by claims nested thousands deep, which the issuer signed', async () => {
      const depth = 5_000
      const claims = JSON.stringify(GOOD_CLAIMS).slice(0, -1)
      const token = mintToken({ payloadText: `${claims},"deep":${'['.repeat(depth)}${']'.repeat(depth)}}` })
      const auth = await accept(createFixture().verifier, token)
      let deepest = auth.payload['deep'] as unknown[]
      while (deepest.length > 0) deepest = deepest[0] as unknown[]
      expect(deepest).to.be.frozen
    })

    it('never looks at jku, x5u, jwk and x5c', async () => {
      const attacker = createKey('RS256', 'RS256-1')
      const { verifier, network } = createFixture()
      const header = {
        jku: 'https://attacker.test/jwks',
        x5u: 'https://attacker.test/cert',
        jwk: attacker.jwk,
        x5c: ['MIIB'],
      }
      expect(await refusalOf(verifier, mintToken({ key: attacker, header }))).to.equal('signature')
      expect(await refusalOf(verifier, mintToken({ header }))).to.equal(undefined)
      expect(network.calls).to.deep.equal([`${ISSUER}/jwks`])
    })
  })

  describe('spelling', () => {
    const [header = '', payload = '', signature = ''] = mintToken({ claims: { pad: 'x' } }).split('.')
    const good = `${header}.${payload}.${signature}`
    const rows: [string, string, string][] = [
      ['no dot', good.replaceAll('.', ''), 'not_three_parts'],
      ['one dot', `${header}.${payload}`, 'not_three_parts'],
      ['three dots', `${good}.`, 'not_three_parts'],
      ['four dots', `${good}.a.b`, 'not_three_parts'],
      ['the empty text', '', 'not_three_parts'],
      ['only dots', '..', 'not_three_parts'],
      ['an empty payload', `${header}..${signature}`, 'base64url'],
      ['an empty signature', `${header}.${payload}.`, 'base64url'],
      ['an empty header', `.${payload}.${signature}`, 'not_three_parts'],
      ['padding', `${good}==`, 'base64url'],
      ['a newline behind', `${good}\n`, 'base64url'],
      ['a newline inside', `${header}.${payload}\n.${signature}`, 'base64url'],
      ['a blank inside', `${header}.${payload}.${signature.slice(0, 9)} ${signature.slice(9)}`, 'base64url'],
      ['a plus', `${header}.${payload}.+${signature.slice(1)}`, 'base64url'],
      ['a slash', `${header}.${payload}./${signature.slice(1)}`, 'base64url'],
      ['a letter that is no ASCII', `${header}.${payload}.ä${signature.slice(1)}`, 'base64url'],
      ['stray bits', `${header}.${payload}.${stray(signature)}`, 'base64url'],
      ['more than 16384 characters', `${header}.${payload}.${'A'.repeat(16_384)}`, 'too_long'],
      ['more than 16384 characters, well signed', mintToken({ claims: { pad: 'x'.repeat(13_000) } }), 'too_long'],
    ]
    for (const [description, token, refusal] of rows) {
      it(`refuses ${description}, and asks nobody`, async () => {
        const { verifier, network } = createFixture()
        expect(await refusalOf(verifier, token)).to.equal(refusal)
        expect(network.calls).to.deep.equal([])
      })
    }

    it('refuses what is no text', async () => {
      for (const token of [undefined, null, 1, {}, ['a.b.c']]) {
        expect(await refusalOf(createFixture().verifier, token as unknown as string)).to.be.a('string')
      }
    })

    it('accepts a token of nearly 16384 characters', async () => {
      const token = mintToken({ claims: { pad: 'x'.repeat(11_000) } })
      expect(token.length).to.be.within(14_000, 16_384)
      expect(await refusalOf(createFixture().verifier, token)).to.equal(undefined)
    })
  })

  describe('payload', () => {
    check([
      ...['null', '[]', '"text"', '1', 'true'].map(payloadText => ({
        description: `the payload ${payloadText}`,
        payloadText,
        refusal: 'not_an_object',
      })),
      { description: 'a payload that is no JSON', payloadText: '{iss}', refusal: 'not_json' },
      {
        description: 'a payload in broken UTF-8',
        payloadText: Buffer.from('{"iss":"\xe4"}', 'latin1'),
        refusal: 'not_json',
      },
      { description: 'a claim named __proto__', payloadText: withProto(), refusal: 'audience' },
    ])
  })

  describe('issuer', () => {
    const rows = [
      undefined,
      null,
      '',
      1,
      [ISSUER],
      { issuer: ISSUER },
      `${ISSUER}/`,
      'https://ISSUER.test',
      'http://issuer.test',
      `${ISSUER} `,
    ]
    for (const iss of rows) {
      it(`refuses iss ${JSON.stringify(iss)}, and asks nobody`, async () => {
        const { verifier, network } = createFixture()
        expect(await refusalOf(verifier, mintToken({ claims: { iss } }))).to.equal('issuer')
        expect(network.calls).to.deep.equal([])
      })
    }
  })

  describe('audience', () => {
    check([
      { description: 'one audience among others', claims: { aud: ['https://other.test', AUDIENCE] } },
      { description: 'any audience where the check is off', claims: { aud: 'x' }, options: { audience: null } },
      { description: 'no audience where the check is off', claims: { aud: undefined }, options: { audience: null } },
      { description: 'one of several configured', options: { audience: ['api://default', AUDIENCE] } },
      ...[
        undefined,
        null,
        '',
        [],
        {},
        1,
        [[AUDIENCE]],
        [AUDIENCE, 1],
        { [AUDIENCE]: true },
        `${AUDIENCE}/`,
        AUDIENCE.toUpperCase(),
        `${AUDIENCE} x`,
        'https://api.tes',
      ].map(aud => ({ description: `aud ${JSON.stringify(aud)}`, claims: { aud }, refusal: 'audience' })),
    ])
  })

  describe('times', () => {
    check([
      { description: 'exp until the leeway is over', claims: { exp: NOW - LEEWAY + 1 } },
      { description: 'exp when the leeway is over', claims: { exp: NOW - LEEWAY }, refusal: 'expired' },
      {
        description: 'exp in the past second without leeway',
        claims: { exp: NOW },
        options: { clockTolerance: 0 },
        refusal: 'expired',
      },
      { description: 'exp with a fraction', claims: { exp: NOW + 10.5 } },
      { description: 'exp zero', claims: { exp: 0 }, refusal: 'expired' },
      ...[undefined, null, '', String(NOW + 60), true, [], {}, -1, (NOW + 60) * 1000, 1e11].map(exp => ({
        description: `exp ${JSON.stringify(exp)}`,
        claims: { exp },
        refusal: 'exp',
      })),
      {
        description: 'exp 1e999',
        payloadText: JSON.stringify(GOOD_CLAIMS).replace(/"exp":\d+/, '"exp":1e999'),
        refusal: 'exp',
      },
      {
        description: 'any exp by a clock that tells no number',
        options: { clock: { now: () => Number.NaN } },
        refusal: 'expired',
      },
      { description: 'nbf within the leeway', claims: { nbf: NOW + LEEWAY } },
      { description: 'nbf beyond the leeway', claims: { nbf: NOW + LEEWAY + 1 }, refusal: 'not_yet_valid' },
      { description: 'nbf as text', claims: { nbf: '0' }, refusal: 'nbf' },
      { description: 'nbf null', claims: { nbf: null }, refusal: 'nbf' },
      { description: 'iat within the leeway', claims: { iat: NOW + LEEWAY } },
      { description: 'iat beyond the leeway', claims: { iat: NOW + LEEWAY + 1 }, refusal: 'not_yet_valid' },
      { description: 'iat as text', claims: { iat: String(NOW) }, refusal: 'iat' },
      { description: 'no iat', claims: { iat: undefined } },
    ])
  })

  describe('demands of the host', () => {
    const thrower = () => {
      throw new RangeError('a fault of the host')
    }
    check([
      { description: 'the profile where strict', options: { strict: true } },
      ...['iat', 'jti', 'sub', 'client_id'].map(name => ({
        description: `no ${name} where strict`,
        options: { strict: true },
        claims: { [name]: undefined },
        refusal: 'required_claim',
      })),
      {
        description: 'an empty sub where strict',
        options: { strict: true },
        claims: { sub: '' },
        refusal: 'required_claim',
      },
      { description: 'a required claim', options: { requiredClaims: ['org'] }, claims: { org: 'a' } },
      { description: 'a missing claim', options: { requiredClaims: ['org'] }, refusal: 'required_claim' },
      {
        description: 'an inherited name as a claim',
        options: { requiredClaims: ['toString'] },
        refusal: 'required_claim',
      },
      { description: 'a claim that is equal', options: { claims: { org: 'a' } }, claims: { org: 'a' } },
      {
        description: 'a claim that is deeply equal',
        options: { claims: { org: ['a', { b: 1 }] } },
        claims: { org: ['a', { b: 1 }] },
      },
      {
        description: 'a claim of another type',
        options: { claims: { level: 1 } },
        claims: { level: '1' },
        refusal: 'claim',
      },
      { description: 'a claim that is not there', options: { claims: { org: () => true } }, refusal: 'claim' },
      {
        description: 'what a predicate accepts',
        options: { claims: { sub: (value, { iss }) => value === 'user-1' && iss === ISSUER } },
      },
      { description: 'what a predicate does not accept', options: { claims: { sub: () => false } }, refusal: 'claim' },
      { description: 'a token whose predicate throws', options: { claims: { sub: thrower } }, refusal: 'claim' },
      {
        description: 'a promise instead of an answer',
        options: { claims: { sub: (async () => true) as unknown as () => boolean } },
        refusal: 'claim',
      },
    ])

    it('never shows an unproven token to a predicate', async () => {
      const { verifier } = createFixture({ claims: { sub: () => expect.fail('was asked') } })
      expect(await refusalOf(verifier, `${mintToken().slice(0, -8)}AAAAAAAA`)).to.equal('signature')
    })

    it('checks the signature before it reads exp', async () => {
      const token = mintToken({ claims: { exp: 1 } })
      expect(await refusalOf(createFixture().verifier, `${token.slice(0, -8)}AAAAAAAA`)).to.equal('signature')
    })
  })

  it('reports a refusal without the token', async () => {
    const { verifier, events } = createFixture()
    const token = mintToken({ claims: { exp: 1 } })
    await refusalOf(verifier, token)
    expect(events.at(-1)).to.deep.equal({
      type: 'token.refused',
      code: 'expired',
      issuer: ISSUER,
      kid: 'RS256-1',
      ageMs: 0,
    })
    for (const part of token.split('.')) expect(JSON.stringify(events)).not.to.include(part.slice(0, 20))
  })

  it('goes on where a listener throws', async () => {
    const { verifier } = createFixture({
      onEvent: () => {
        throw new Error('a fault of the host')
      },
    })
    expect(await refusalOf(verifier, mintToken({ claims: { exp: 1 } }))).to.equal('expired')
    expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
  })
})

/** The same bytes for a lax decoder, in another spelling. */
function stray(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1] ?? ''
  const changed = text.slice(0, -1) + last
  expect(Buffer.from(changed, 'base64url').equals(Buffer.from(text, 'base64url'))).to.equal(true)
  return changed
}

/** `aud` stands in the prototype only. */
function withProto(): string {
  const { aud, ...claims } = GOOD_CLAIMS
  return JSON.stringify(claims).replace('{', `{"__proto__":{"aud":${JSON.stringify(aud)}},`)
}
