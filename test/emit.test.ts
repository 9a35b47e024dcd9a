import { expect } from 'chai'
import request from 'supertest'
import { emit } from '../lib/emit.js'
import { type ResourceServerEvent, resourceServer } from '../lib/index.js'
import { createVerifier } from '../lib/resource-server/index.js'
import { testIssuer } from '../lib/testing/index.js'
import { GOOD, mount, postToken, startServer } from './authorization-server/fixtures.js'
import { JWKS_URI, refusalOf } from './resource-server/fixture.js'
import { sharedKey } from './support/keys.js'
import { AUDIENCE, ISSUER, mintToken } from './support/mint-token.js'
import { json, plannedFetch } from './support/planned-fetch.js'
import { setClock } from './support/set-clock.js'
import { THROWN, WAYS, withoutStrays } from './support/thrown.js'

describe('an event', () => {
  for (const [way, listenerOf] of Object.entries(WAYS)) {
    for (const [thing, value] of Object.entries(THROWN)) {
      it(`disturbs nothing where its listener ${way}: ${thing}`, () =>
        withoutStrays(async () => {
          emit(listenerOf(value), {})
        }))
    }

    describe(`whose listener ${way}`, () => {
      for (const thing of ['undefined', 'an error']) {
        const listener = listenerOf(THROWN[thing]) as () => void

        it(`changes no answer of the authorization server: ${thing}`, () =>
          withoutStrays(async () => {
            let told = 0
            const onEvent = () => {
              told++
              return listener()
            }
            const { app } = await startServer({ onEvent })
            const before = told
            const answer = await postToken(app, { ...GOOD, client_secret: 'wrong' })
            expect(answer.status).to.equal(401)
            expect(answer.body.error).to.equal('invalid_client')
            expect(told).to.equal(before + 1)
          }))

        it(`changes no answer of a guard: ${thing}`, () =>
          withoutStrays(async () => {
            const issuer = await testIssuer({ audience: AUDIENCE })
            const told: string[] = []
            const onEvent = ({ type }: ResourceServerEvent) => {
              told.push(type)
              return listener()
            }
            const guards = resourceServer({ ...issuer.resourceServerOptions, onEvent })
            const app = mount('/', guards.requireScope('wanting'))
            const answer = await request(app)
              .get('/')
              .set('authorization', await issuer.bearer())
            expect(answer.status).to.equal(403)
            expect(told).to.deep.equal(['key_set_loaded', 'refused'])
          }))

        it(`keeps no key set, and no other listener, from working: ${thing}`, () =>
          withoutStrays(async () => {
            const network = plannedFetch()
            const told: string[] = []
            const options = {
              issuer: ISSUER,
              audience: AUDIENCE,
              clock: setClock(),
              fetch: network.fetch,
            }
            const broken = createVerifier({ ...options, onEvent: listener })
            createVerifier({ ...options, onEvent: ({ type }) => void told.push(type) })
            const metadata = `${ISSUER}/.well-known/oauth-authorization-server`
            network.always(`${ISSUER}/.well-known/openid-configuration`, () => json({}, 404))
            network.once(metadata, () => json({ issuer: 'https://other.test', jwks_uri: JWKS_URI }))
            await broken.ready().catch(() => undefined)
            network.always(metadata, () => json({ issuer: ISSUER, jwks_uri: JWKS_URI }))
            network.always(JWKS_URI, () => json({ keys: [null, sharedKey().jwk] }))
            options.clock.advance(1_000)
            expect(await refusalOf(broken, mintToken())).to.equal(undefined)
            expect(await refusalOf(broken, mintToken({ claims: { aud: 'https://other.test' } }))).to.equal('audience')
            expect(told).to.deep.equal(['metadata_issuer_mismatch', 'key_set_failed', 'key_skipped', 'key_set_loaded'])
          }))
      }
    })
  }
})
