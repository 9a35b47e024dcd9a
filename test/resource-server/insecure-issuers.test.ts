import { expect } from 'chai'
import { type ResourceServerEvent, type ResourceServerOptions, resourceServer } from '../../lib/index.js'
import type { VerifierEvent } from '../../lib/resource-server/contract/events.js'
import type { IssuerOption, VerifierOptions } from '../../lib/resource-server/options/options.js'
import { createVerifier } from '../../lib/resource-server/token/verify-access-token.js'
import { sharedKey } from '../support/keys.js'
import { AUDIENCE, mintToken } from '../support/mint-token.js'
import { json, plannedFetch } from '../support/planned-fetch.js'
import { setClock } from '../support/set-clock.js'
import { expectUnavailable, refusalOf } from './fixture.js'

const WELL_KNOWN = '/.well-known/oauth-authorization-server'

/** A verifier whose issuer publishes its keys there, with what was told and asked. */
function trusting(issuer: IssuerOption, jwksUri: string, options: Partial<VerifierOptions> = {}) {
  const network = plannedFetch()
  const events: VerifierEvent[] = []
  if (issuer.jwksUri === undefined) {
    const document = { issuer: issuer.issuer, jwks_uri: jwksUri }
    network.always(issuer.issuer + WELL_KNOWN, () => json(document))
    network.always(`${issuer.issuer}/.well-known/openid-configuration`, () => json(document))
  }
  network.always(jwksUri, () => json({ keys: [sharedKey().jwk] }))
  const common: VerifierOptions = {
    issuer,
    audience: AUDIENCE,
    clock: setClock(),
    fetch: network.fetch,
    onEvent: event => void events.push(event),
  }
  const verifier = createVerifier({ ...common, ...options })
  return { network, events, common, verifier, token: mintToken({ claims: { iss: issuer.issuer } }) }
}

const named = (issuer: string) => ({ type: 'insecure_issuer', code: 'insecure_issuer', issuer })

describe('issuers in a private network', () => {
  const HTTPS = 'https://id.test'
  const HTTP = 'http://keycloak:8080'
  const LOOPBACK = 'http://127.0.0.1:8080'
  const TLS_LOOPBACK = 'https://localhost:8443'
  // What a document of the issuer may lead to: without leave, and with it.
  const places: { issuer: string; jwksUri: string; plain: boolean | undefined; allowed: boolean }[] = [
    { issuer: HTTPS, jwksUri: 'https://keys.test/jwks', plain: true, allowed: true },
    { issuer: HTTPS, jwksUri: 'http://keys.test/jwks', plain: false, allowed: true },
    { issuer: HTTPS, jwksUri: 'http://id.test/jwks', plain: false, allowed: true },
    { issuer: HTTPS, jwksUri: 'http://127.0.0.1/jwks', plain: false, allowed: false },
    { issuer: HTTPS, jwksUri: 'http://localhost:8080/jwks', plain: false, allowed: false },
    { issuer: HTTPS, jwksUri: 'ftp://keys.test/jwks', plain: false, allowed: false },
    { issuer: HTTPS, jwksUri: 'file:///etc/passwd', plain: false, allowed: false },
    { issuer: HTTPS, jwksUri: 'http://user@keys.test/jwks', plain: false, allowed: false },
    { issuer: HTTP, jwksUri: 'https://keys.test/jwks', plain: undefined, allowed: true },
    { issuer: HTTP, jwksUri: 'http://keycloak:8080/jwks', plain: undefined, allowed: true },
    { issuer: HTTP, jwksUri: 'http://10.0.0.7/jwks', plain: undefined, allowed: true },
    { issuer: HTTP, jwksUri: 'http://localhost:8080/jwks', plain: undefined, allowed: false },
    { issuer: LOOPBACK, jwksUri: 'http://localhost:8081/jwks', plain: true, allowed: true },
    { issuer: LOOPBACK, jwksUri: 'http://keycloak:8080/jwks', plain: false, allowed: true },
    { issuer: TLS_LOOPBACK, jwksUri: 'https://localhost/jwks', plain: true, allowed: true },
    { issuer: TLS_LOOPBACK, jwksUri: 'http://localhost/jwks', plain: false, allowed: true },
  ]
  for (const { issuer, jwksUri, plain, allowed } of places) {
    for (const isAllowed of [false, true]) {
      const leads = isAllowed ? allowed : plain
      if (leads === undefined) {
        it(`refuses ${issuer} itself without allowInsecureRequests`, () => {
          expect(() => trusting({ issuer }, jwksUri)).to.throw(TypeError, 'allowInsecureRequests')
        })
        continue
      }
      it(`${leads ? 'follows' : 'does not follow'} ${issuer} to ${jwksUri} ${isAllowed ? 'with' : 'without'} allowInsecureRequests`, async () => {
        const { network, events, verifier, token } = trusting({ issuer, allowInsecureRequests: isAllowed }, jwksUri)
        if (leads) {
          expect(await refusalOf(verifier, token)).to.equal(undefined)
          expect(network.calls).to.deep.equal([issuer + WELL_KNOWN, jwksUri])
        } else {
          await expectUnavailable(verifier, token)
          expect(network.calls).not.to.include(jwksUri)
          expect(events.find(({ type }) => type === 'key_set_failed')).to.include({ code: 'jwks_uri', issuer })
        }
      })
    }
  }

  const texts: { issuer: string; jwksUri: string; allowInsecureRequests?: boolean }[] = [
    { issuer: 'stytch.com/project-test-00000000', jwksUri: 'https://api.stytch.test/jwks' },
    { issuer: 'http://adfs.test/adfs/services/trust', jwksUri: 'https://adfs.test/adfs/discovery/keys' },
    { issuer: 'http://localhost:8080/realms/acme', jwksUri: 'http://keycloak:8080/certs', allowInsecureRequests: true },
    { issuer: 'https://id.test/a', jwksUri: 'https://10.0.0.7/jwks' },
    { issuer: 'Ausstellerin für Übung', jwksUri: 'https://keys.test/jwks' },
    { issuer: '__proto__', jwksUri: 'https://keys.test/jwks' },
    { issuer: 'x'.repeat(600), jwksUri: 'https://keys.test/jwks' },
  ]
  for (const option of texts) {
    it(`takes the keys of ${option.issuer.slice(0, 80)} from ${option.jwksUri}, and asks nothing else`, async () => {
      const { network, verifier, token } = trusting(option, option.jwksUri)
      expect(await refusalOf(verifier, token)).to.equal(undefined)
      expect(network.calls).to.deep.equal([option.jwksUri])
      const { issuer } = option
      for (const iss of [`${issuer}/`, ` ${issuer}`, issuer.toUpperCase(), issuer.slice(1), [issuer], '']) {
        if (iss === issuer) continue
        expect(await refusalOf(verifier, mintToken({ claims: { iss } })), String(iss)).to.equal('issuer')
      }
    })
  }

  it('are said aloud once, when the guard is built', async () => {
    const { events, verifier, token, common } = trusting({ issuer: HTTP, allowInsecureRequests: true }, `${HTTP}/jwks`)
    expect(events).to.deep.equal([named(HTTP)])
    for (let use = 0; use < 3; use++) await verifier.verify(token)
    expect(events.filter(({ type }) => type === 'insecure_issuer')).to.have.length(1)
    const heard: ResourceServerEvent[] = []
    const issuers = [
      { issuer: HTTP, allowInsecureRequests: true },
      { issuer: HTTPS, allowInsecureRequests: true },
      { issuer: 'https://plain.test', allowInsecureRequests: false },
      LOOPBACK,
    ]
    const onEvent = (event: ResourceServerEvent): void => void heard.push(event)
    resourceServer({ ...(common as ResourceServerOptions), issuer: issuers, onEvent })
    expect(heard).to.deep.equal([named(HTTP), named(HTTPS)])
  })

  it('are allowed by a listener that fails', () => {
    const onEvent = (): never => {
      throw new Error('broken')
    }
    trusting({ issuer: HTTP, allowInsecureRequests: true }, `${HTTP}/jwks`, { onEvent })
  })

  it('keep their keys to the guards that allow them', async () => {
    const { common, verifier, network, token } = trusting(
      { issuer: HTTPS, allowInsecureRequests: true },
      'http://keys.test/jwks',
    )
    expect(await refusalOf(verifier, token)).to.equal(undefined)
    const strict = createVerifier({ ...common, issuer: HTTPS })
    await expectUnavailable(strict, token)
    const same = createVerifier({ ...common, issuer: { issuer: HTTPS, allowInsecureRequests: true } })
    const before = network.calls.length
    expect(await refusalOf(same, token)).to.equal(undefined)
    expect(network.calls).to.have.length(before)
  })
})
