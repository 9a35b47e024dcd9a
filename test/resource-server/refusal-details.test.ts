import { expect } from 'chai'
import express, { type Express } from 'express'
import request from 'supertest'
import { GUARD_DETAILS, type GuardDetail } from '../../lib/details.js'
import { type ResourceServerEvent, type ResourceServerOptions, resourceServer } from '../../lib/index.js'
import { StoreUnavailableError } from '../../lib/errors.js'
import {
  type DpopKey,
  dpopKey,
  type TestIssuer,
  type TestProofOptions,
  type TestTokenOptions,
  testIssuer,
} from '../../lib/testing/index.js'
import { parseChallenges } from '../support/parse-challenges.js'

const AUDIENCE = 'https://api.example.com'
const URL_OF_ROUTE = `${AUDIENCE}/`

/** What `error_description` may hold (RFC 6750 §3). */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/

const TENANT = '11111111-2222-3333-4444-555555555555'

interface Tools {
  issuer: TestIssuer
  key: DpopKey
}

interface Row {
  detail: GuardDetail
  options?: Partial<ResourceServerOptions>
  guard?: (api: ReturnType<typeof resourceServer>) => express.RequestHandler
  /** The headers of the request. */
  headers: (tools: Tools) => Promise<Record<string, string | string[]>>
  form?: string
}

const bearer =
  (more: TestTokenOptions = {}) =>
  async ({ issuer }: Tools) => ({ authorization: await issuer.bearer({ scope: 'a', ...more }) })
const raw = (authorization: string | string[]) => async () => ({ authorization })
const claims = (more: Record<string, unknown>) => bearer({ claims: more })
const header = (more: Record<string, unknown>) => bearer({ header: more })
const changed =
  (change: (token: string) => string): Row['headers'] =>
  async ({ issuer }) => ({ authorization: `Bearer ${change(await issuer.token({ scope: 'a' }))}` })
const part = (index: number, text: string) =>
  changed(token => token.split('.').with(index, Buffer.from(text).toString('base64url')).join('.'))

/** A bound token with its proof. */
const bound =
  (
    more: Partial<TestProofOptions> = {},
    change = (proof: string): string | string[] => proof,
    token?: TestTokenOptions,
  ): Row['headers'] =>
  async ({ issuer, key }) => {
    const access = await issuer.token({ scope: 'a', dpopKey: key, ...token })
    const proof = await key.proof({ url: URL_OF_ROUTE, token: access, ...more })
    return { authorization: `DPoP ${access}`, dpop: change(proof) }
  }
const proofPart = (index: number, text: string): Row['headers'] =>
  bound({}, proof => proof.split('.').with(index, Buffer.from(text).toString('base64url')).join('.'))
const proofKey = (jwk: unknown): Row['headers'] => bound({ header: { jwk } })

const rows: Row[] = [
  {
    detail: 'several_authorization_headers',
    headers: async tools => ({ authorization: [(await bearer()(tools)).authorization, 'Bearer b'] }),
  },
  {
    detail: 'credential_in_header_and_form',
    options: { formBody: true },
    headers: raw('Bearer a'),
    form: 'access_token=a',
  },
  { detail: 'no_token', headers: raw('Bearer') },
  { detail: 'no_blank_after_scheme', headers: raw('Bearer/abc') },
  {
    detail: 'form_token_not_text',
    options: { formBody: true },
    headers: async () => ({}),
    form: 'access_token=a&access_token=b',
  },
  { detail: 'token_characters', headers: raw('Bearer a b') },
  { detail: 'no_credential', headers: async () => ({}) },
  { detail: 'other_scheme', headers: raw('Basic abc') },
  {
    // Node takes no header of this length.
    detail: 'too_long',
    options: { formBody: true },
    headers: async () => ({}),
    form: `access_token=${'a'.repeat(16_385)}`,
  },
  { detail: 'not_three_parts', headers: raw('Bearer abc') },
  { detail: 'base64url', headers: changed(token => `${token}=`) },
  { detail: 'not_json', headers: part(0, 'abc') },
  { detail: 'not_an_object', headers: part(0, '[]') },
  { detail: 'algorithm', headers: part(0, '{"alg":"none"}') },
  { detail: 'critical', headers: part(0, '{"alg":"RS256","crit":["x"]}') },
  { detail: 'kid', headers: part(0, '{"alg":"RS256","kid":1}') },
  { detail: 'type', headers: header({ typ: 'dpop+jwt' }) },
  { detail: 'not_an_access_token', headers: claims({ token_use: 'id' }) },
  { detail: 'issuer', headers: claims({ iss: 'https://other.example' }) },
  { detail: 'key', headers: header({ kid: 'another' }) },
  { detail: 'signature', headers: part(2, 'x'.repeat(256)) },
  { detail: 'exp', headers: claims({ exp: undefined }) },
  { detail: 'expired', headers: bearer({ expiresIn: -60 }) },
  { detail: 'nbf', headers: claims({ nbf: 'now' }) },
  { detail: 'iat', headers: claims({ iat: 'now' }) },
  { detail: 'not_yet_valid', headers: claims({ nbf: Math.floor(Date.now() / 1000) + 3_600 }) },
  { detail: 'audience', headers: claims({ aud: 'https://other.example' }) },
  { detail: 'required_claim', options: { requiredClaims: ['org'] }, headers: bearer() },
  { detail: 'claim', options: { claims: { org: 'a' } }, headers: claims({ org: 'b' }) },
  {
    detail: 'tenant',
    options: { issuer: { issuer: 'https://login.test/{tenantid}/v2.0', tenants: [TENANT.replace('1', '2')] } },
    headers: claims({ iss: `https://login.test/${TENANT}/v2.0`, tid: TENANT }),
  },
  {
    detail: 'inactive',
    options: { introspection: { clientId: 'a', clientSecret: 'b' } },
    async headers({ issuer }) {
      const token = await issuer.token({ scope: 'a' })
      issuer.revoke(token)
      return { authorization: `Bearer ${token}` }
    },
  },
  {
    detail: 'introspection_failed',
    options: { introspection: { clientId: 'a', clientSecret: 'b', endpoint: 'https://nobody.test' } },
    headers: bearer(),
  },
  { detail: 'revoked', options: { isRevoked: () => true }, headers: bearer() },
  { detail: 'bound_token_as_bearer', headers: claims({ cnf: { jkt: 'x' } }) },
  { detail: 'dpop_required', options: { dpop: 'required' }, headers: bearer() },
  { detail: 'dpop_unbound_token', headers: bound({}, proof => proof, { claims: { cnf: undefined } }) },
  { detail: 'dpop_binding', headers: bound({}, proof => proof, { claims: { cnf: { jkt: 'x' } } }) },
  { detail: 'dpop_absent', headers: bound({}, () => '') },
  { detail: 'dpop_repeated', headers: bound({}, proof => [proof, proof]) },
  { detail: 'dpop_too_long', headers: bound({}, () => 'a'.repeat(8_193)) },
  { detail: 'dpop_not_three_parts', headers: bound({}, () => 'abc') },
  { detail: 'dpop_base64url', headers: bound({}, proof => `${proof}=`) },
  { detail: 'dpop_not_json', headers: proofPart(0, 'abc') },
  { detail: 'dpop_not_an_object', headers: proofPart(0, '[]') },
  { detail: 'dpop_type', headers: bound({ header: { typ: 'JWT' } }) },
  { detail: 'dpop_algorithm', headers: proofPart(0, '{"typ":"dpop+jwt","alg":"HS256"}') },
  { detail: 'dpop_critical', headers: proofPart(0, '{"typ":"dpop+jwt","alg":"ES256","crit":["x"]}') },
  {
    detail: 'dpop_key',
    headers: proofKey({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }),
  },
  { detail: 'dpop_key_not_an_object', headers: proofKey('x') },
  { detail: 'dpop_key_key_type', headers: proofKey({ kty: 'oct', k: 'AA' }) },
  { detail: 'dpop_key_use', headers: proofKey({ kty: 'EC', use: 'enc' }) },
  { detail: 'dpop_key_key_ops', headers: proofKey({ kty: 'EC', key_ops: ['encrypt'] }) },
  { detail: 'dpop_key_alg', headers: proofKey({ kty: 'EC', alg: 'ECDH-ES' }) },
  { detail: 'dpop_key_kid', headers: proofKey({ kty: 'EC', kid: 1 }) },
  { detail: 'dpop_key_private', headers: proofKey({ kty: 'EC', d: 'AA' }) },
  { detail: 'dpop_key_weak', headers: proofKey({ kty: 'RSA', e: 'AQAB', n: 'A'.repeat(3_000) }) },
  { detail: 'dpop_key_corrupt', headers: proofKey({ kty: 'EC', crv: 'P-256', x: '!', y: '!' }) },
  { detail: 'dpop_signature', headers: proofPart(2, 'x'.repeat(64)) },
  { detail: 'dpop_jti', headers: bound({ claims: { jti: 1 } }) },
  { detail: 'dpop_htm', headers: bound({ method: 'POST' }) },
  { detail: 'dpop_htu', headers: bound({ url: 'https://other.example/' }) },
  { detail: 'dpop_ath', headers: bound({ token: 'another' }) },
  { detail: 'dpop_iat', headers: bound({ claims: { iat: 1 } }) },
  { detail: 'dpop_replayed', options: { dpopProof: { replays: { add: () => false } } }, headers: bound() },
  { detail: 'dpop_nonce', options: { dpopProof: { nonceSecret: 'x'.repeat(32) } }, headers: bound() },
  { detail: 'scope_missing', headers: bearer({ scope: 'b' }) },
  { detail: 'scope_malformed', guard: ({ requireScope }) => requireScope(() => 'a b'), headers: bearer() },
  { detail: 'claims_mismatch', guard: ({ requireClaims }) => requireClaims({ org: 'a' }), headers: bearer() },
  {
    detail: 'claims_check_failed',
    guard: ({ requireClaims }) => requireClaims(() => Promise.reject(new Error('no'))),
    headers: bearer(),
  },
  {
    detail: 'keys_unavailable',
    async headers({ issuer }) {
      issuer.fail('error')
      return { authorization: await issuer.bearer({ scope: 'a' }) }
    },
  },
  {
    detail: 'revocation_unknown',
    options: { isRevoked: () => Promise.reject(new Error('no')) },
    headers: bearer(),
  },
  {
    detail: 'replay_store_failed',
    options: { dpopProof: { replays: { add: () => Promise.reject(new Error('no')) } } },
    headers: bound(),
  },
  {
    detail: 'store_unavailable',
    guard: ({ requireScope }) =>
      requireScope(() => {
        throw new StoreUnavailableError('no')
      }),
    headers: bearer(),
  },
]

describe('the detail of a refusal of a guard', () => {
  function createApp(
    { issuer }: Tools,
    { options, guard }: Row,
    onEvent: (event: ResourceServerEvent) => void,
  ): Express {
    const common = { ...issuer.resourceServerOptions, dpop: 'allowed', publicOrigin: AUDIENCE } as const
    const api = resourceServer({ ...common, ...options, onEvent })
    const app = express().use(express.urlencoded({ extended: false }))
    app.all('/', guard?.(api) ?? api.requireScope('a'), (_req, res) => void res.json({}))
    return app
  }

  for (const row of rows) {
    const { detail, headers, form } = row
    it(`is ${detail}, in an event and not in the answer`, async () => {
      const issuer = await testIssuer({ audience: AUDIENCE })
      const tools = { issuer, key: await dpopKey() }
      const events: ResourceServerEvent[] = []
      const sending = request(createApp(tools, row, event => void events.push(event)))
      const call = form === undefined ? sending.get('/') : sending.post('/').type('form').send(form)
      const { status, body, headers: sent, text } = await call.set((await headers(tools)) as Record<string, string>)
      expect(status, text).to.be.within(400, 503)
      expect(events.at(-1)).to.include({ type: 'refused', status, detail })
      expect(body).to.have.all.keys('error', 'error_description')
      expect(body.error_description).to.match(DESCRIPTION)
      const challenges = status === 503 ? [] : parseChallenges(sent['www-authenticate'] ?? '')
      for (const { parameters } of challenges) {
        if (parameters['error_description'] !== undefined) expect(parameters['error_description']).to.match(DESCRIPTION)
      }
      // Others are words of the answers too.
      const told = `${text}${sent['www-authenticate']}`.replaceAll('use_dpop_nonce', '')
      if (detail.includes('_')) expect(told).not.to.include(detail)
      expect(sent['cache-control']).to.equal('no-store')
    })
  }

  it('is tried out, one and all', () => {
    // Of the management API and of /userinfo, whose tests have them.
    const elsewhere: GuardDetail[] = ['client_deleted', 'authorization_ended', 'api_deleted']
    expect([...rows.map(({ detail }) => detail), ...elsewhere]).to.have.members(GUARD_DETAILS)
  })
})
