import { expect } from 'chai'
import express, { type ErrorRequestHandler } from 'express'
import request from 'supertest'
import { resourceServer } from '../../lib/index.js'
import { dpopKey, testIssuer } from '../../lib/testing/index.js'
import { sharedKey } from '../support/keys.js'
import { AUDIENCE, encode, ISSUER, mintToken } from '../support/mint-token.js'
import { json, plannedFetch } from '../support/planned-fetch.js'
import { createFixture, JWKS_URI } from './fixture.js'

/** Short: a parser quotes ten characters around the place where it stopped. */
const MARKER = 's3cr3t'

/** Every text that can be reached from a value: by members of any kind, names included, causes and all. */
function textsOf(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value]
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return []
  seen.add(value)
  const members = Object.getOwnPropertyNames(value).flatMap(name => {
    return [name, ...textsOf((value as Record<string, unknown>)[name], seen)]
  })
  const entries = value instanceof Map || value instanceof Set ? [...value].flatMap(entry => textsOf(entry, seen)) : []
  return [...members, ...entries]
}

function expectNoMarker(...reached: unknown[]): void {
  const texts = reached.flatMap(value => textsOf(value))
  expect(texts).not.to.have.length(0)
  expect(texts.filter(text => text.includes(MARKER))).to.deep.equal([])
}

/** Texts that are no JSON, or none that is taken; a parser that says why would quote them. */
const BROKEN: Readonly<Record<string, string>> = {
  'the bare text': MARKER,
  'the bare text in an object': `{"a":${MARKER}}`,
  'a text without its end': `"${MARKER}`,
  'a member without its value': `{"${MARKER}"}`,
  'something behind the object': `{"a":1}${MARKER}`,
  'a text that is cut off': `{"a":"${MARKER}`,
  'a control character': `{"a":"${MARKER}\n"}`,
  'a bad escape': `{"a":"\\x ${MARKER}"}`,
  'a list': `["${MARKER}"]`,
}

describe('what is known of a refusal', () => {
  it('is looked through', () => {
    const deep = new Error('outer', { cause: Object.assign(new Error('inner'), { more: [{ [MARKER]: 1 }] }) })
    expect(() => expectNoMarker(deep)).to.throw()
    expect(() => expectNoMarker(new Error('x', { cause: new SyntaxError(MARKER) }))).to.throw()
  })

  const parts: Readonly<Record<string, (text: string) => string>> = {
    payload: payloadText => mintToken({ payloadText }),
    header: headerText => mintToken({ headerText }),
  }
  const named = {
    'a member twice': `{"alg":"RS256","${MARKER}":1,"${MARKER}":2}`,
    nesting: `${'['.repeat(40)}"${MARKER}"`,
  }
  for (const [part, mint] of Object.entries(parts)) {
    for (const [description, text] of Object.entries({ ...BROKEN, ...(part === 'header' && named) })) {
      it(`holds no piece of a token whose ${part} is ${description}`, async () => {
        const { verifier, events } = createFixture()
        await verifier.ready()
        const error = await refusal(() => verifier.verify(mint(text)))
        expect(error).to.include({ code: 'ERR_INVALID_TOKEN' })
        expect(events.at(-1)).to.include({ type: 'token.refused' })
        expectNoMarker(error, events)
      })
    }
  }

  for (const part of ['header', 'payload'] as const) {
    for (const [description, text] of Object.entries(BROKEN)) {
      it(`holds no piece of a proof whose ${part} is ${description}`, async () => {
        const issuer = await testIssuer({ audience: AUDIENCE })
        const key = await dpopKey()
        const token = await issuer.token({ dpopKey: key })
        const proof = (await key.proof({ url: `${AUDIENCE}/`, token })).split('.')
        proof[part === 'header' ? 0 : 1] = encode(text)
        const reached: unknown[] = []
        const options = { dpop: 'required', publicOrigin: AUDIENCE, errors: 'next' } as const
        const onEvent = (event: unknown) => void reached.push(event)
        const guard = resourceServer({ ...issuer.resourceServerOptions, ...options, onEvent }).requireAuth()
        const app = express().get('/', guard)
        app.use(((error, _req, res, _next) => {
          reached.push(error)
          res.status(500).json({})
        }) as ErrorRequestHandler)
        await request(app)
          .get('/')
          .set({ authorization: `DPoP ${token}`, dpop: proof.join('.') })
        expect(reached.at(-1)).to.include({ code: 'ERR_INVALID_DPOP_PROOF' })
        expectNoMarker(reached)
      })
    }
  }

  for (const [description, text] of Object.entries(BROKEN)) {
    it(`holds no piece of an answer of the issuer that is ${description}`, async () => {
      const network = plannedFetch()
      const { verifier, events } = createFixture({ fetch: network.fetch })
      network.always(JWKS_URI, () => new Response(text))
      const error = await refusal(() => verifier.verify(mintToken()))
      expect(events.at(-1)).to.include({ type: 'key_set_failed', code: 'not_json' })
      expectNoMarker(error, events)
    })

    it(`holds no piece of metadata that is ${description}`, async () => {
      const network = plannedFetch()
      const { verifier, events } = createFixture({ fetch: network.fetch, issuer: ISSUER })
      network.always(`${ISSUER}/.well-known/oauth-authorization-server`, () => new Response(text))
      network.always(`${ISSUER}/.well-known/openid-configuration`, () => json({ issuer: ISSUER, jwks_uri: text }))
      const error = await refusal(() => verifier.verify(mintToken()))
      expect(events.at(-1)).to.include({ type: 'key_set_failed' })
      expectNoMarker(error, events)
    })
  }

  it('holds no piece of the claims of a token that is refused for one of them', async () => {
    const rows = [
      { exp: MARKER },
      { aud: MARKER },
      { iss: MARKER },
      { iat: MARKER },
      { sub: MARKER },
      { jti: [MARKER] },
    ]
    for (const claims of rows) {
      const { verifier, events } = createFixture({ strict: true, claims: { sub: 'user-1' } })
      await verifier.ready()
      const error = await refusal(() => verifier.verify(mintToken({ key: sharedKey(), claims })))
      expect(error).to.include({ code: 'ERR_INVALID_TOKEN' })
      expectNoMarker(error, events)
    }
  })
})

async function refusal(run: () => unknown): Promise<unknown> {
  try {
    await run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was refused')
}
