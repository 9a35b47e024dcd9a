import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import express, { type Express, type RequestHandler } from 'express'
import request from 'supertest'
import { type ResourceServerOptions, resourceServer } from '../../lib/index.js'
import { createKey, sharedKey } from '../support/keys.js'
import { mintToken } from '../support/mint-token.js'

const page = readFileSync(new URL('../../docs/issuers.md', import.meta.url), 'utf8')

/** When the tokens of the page were made, in seconds. */
const MADE_AT = 1_767_225_600

const TENANT = '8c1a2b34-5d6e-4f70-8192-a3b4c5d6e7f8'
const STRANGER = '11111111-2222-4333-8444-555555555555'
const LOGIN = 'https://login.microsoftonline.com'
const OPENID = '/.well-known/openid-configuration'
const STYTCH = 'project-live-1a2b3c4d-5e6f-4071-8293-a4b5c6d7e8f9'
const COGNITO = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE'

interface Change {
  claims: Record<string, unknown>
  status: 401 | 403
}

/** An issuer as it is in the world, and what its tokens must not say. */
interface World {
  issuer: string
  /** Where its metadata is; absent: the example does not need it. */
  metadata?: string
  jwks: string
  /** Of its tokens, and its keys. */
  header?: Record<string, unknown>
  key?: Record<string, unknown>
  changes: Change[]
}

const ENTRA: World = {
  issuer: `${LOGIN}/${TENANT}/v2.0`,
  metadata: `${LOGIN}/${TENANT}/v2.0${OPENID}`,
  jwks: `${LOGIN}/${TENANT}/discovery/v2.0/keys`,
  header: { typ: 'JWT' },
  key: { issuer: `${LOGIN}/${TENANT}/v2.0`, x5t: 'x5t' },
  changes: [
    { claims: { scp: undefined, roles: undefined }, status: 403 },
    { claims: { scp: 'Users.Write', roles: [] }, status: 403 },
    { claims: { aud: 'api://2f7c8a8e-1b2c-4d3e-8f40-516273849506' }, status: 401 },
    { claims: { iss: `${LOGIN}/${STRANGER}/v2.0`, tid: STRANGER }, status: 401 },
    { claims: { iss: `https://sts.windows.net/${TENANT}/` }, status: 401 },
  ],
}

const KEYCLOAK: World = {
  issuer: 'https://id.example.com/realms/acme',
  metadata: `https://id.example.com/realms/acme${OPENID}`,
  jwks: 'https://id.example.com/realms/acme/protocol/openid-connect/certs',
  header: { typ: 'JWT' },
  changes: [
    {
      claims: { scope: 'profile email', realm_access: { roles: ['offline_access'] }, resource_access: {} },
      status: 403,
    },
    { claims: { typ: 'ID' }, status: 401 },
    { claims: { aud: 'account' }, status: 401 },
    { claims: { iss: 'https://id.example.com/realms/other' }, status: 401 },
  ],
}

const AUTH0: World = {
  issuer: 'https://acme.eu.auth0.com/',
  metadata: `https://acme.eu.auth0.com${OPENID}`,
  jwks: 'https://acme.eu.auth0.com/.well-known/jwks.json',
  header: { typ: 'JWT' },
  changes: [
    { claims: { permissions: ['write:users'], scope: 'openid' }, status: 403 },
    { claims: { permissions: undefined, scope: 'openid' }, status: 403 },
    { claims: { iss: 'https://acme.eu.auth0.com' }, status: 401 },
    { claims: { aud: 'https://acme.eu.auth0.com/userinfo' }, status: 401 },
  ],
}

const WORLDS: Readonly<Record<string, World>> = {
  Auth0: AUTH0,
  'Auth0, with clients of other companies': {
    ...AUTH0,
    changes: [
      ...AUTH0.changes,
      { claims: { scope: 'openid' }, status: 403 },
      { claims: { permissions: [] }, status: 403 },
      { claims: { permissions: undefined }, status: 403 },
    ],
  },
  Entra: ENTRA,
  'Entra, with daemons': ENTRA,
  'Entra, with many tenants': {
    ...ENTRA,
    issuer: `${LOGIN}/{tenantid}/v2.0`,
    metadata: `${LOGIN}/organizations/v2.0${OPENID}`,
    jwks: `${LOGIN}/organizations/discovery/v2.0/keys`,
    key: { issuer: `${LOGIN}/{tenantid}/v2.0` },
    changes: [
      ...ENTRA.changes,
      { claims: { tid: STRANGER }, status: 401 },
      { claims: { tid: undefined }, status: 401 },
    ],
  },
  'Entra v1.0': {
    issuer: `https://sts.windows.net/${TENANT}/`,
    jwks: `${LOGIN}/common/discovery/keys`,
    header: { typ: 'JWT', x5t: 'x5t' },
    key: { x5t: 'x5t' },
    changes: [
      { claims: { scp: 'Users.Write' }, status: 403 },
      { claims: { iss: `https://sts.windows.net/${TENANT}` }, status: 401 },
      { claims: { iss: `https://sts.windows.net/${STRANGER}/`, tid: STRANGER }, status: 401 },
      { claims: { iss: `${LOGIN}/${TENANT}/v2.0` }, status: 401 },
    ],
  },
  Keycloak: KEYCLOAK,
  'Keycloak, by roles': {
    ...KEYCLOAK,
    changes: [
      ...KEYCLOAK.changes,
      { claims: { realm_access: undefined, resource_access: undefined, scope: 'support read-users' }, status: 403 },
      { claims: { realm_access: { roles: 'none' }, resource_access: { other: { roles: ['support'] } } }, status: 403 },
    ],
  },
  'Keycloak in Docker': {
    issuer: 'http://localhost:8080/realms/acme',
    jwks: 'http://keycloak:8080/realms/acme/protocol/openid-connect/certs',
    header: { typ: 'JWT' },
    changes: [
      { claims: { scope: 'profile email' }, status: 403 },
      { claims: { iss: 'http://keycloak:8080/realms/acme' }, status: 401 },
    ],
  },
  Okta: {
    issuer: 'https://acme.okta.com/oauth2/default',
    metadata: 'https://acme.okta.com/.well-known/oauth-authorization-server/oauth2/default',
    jwks: 'https://acme.okta.com/oauth2/default/v1/keys',
    changes: [
      { claims: { scp: ['openid'] }, status: 403 },
      { claims: { iss: 'https://acme.okta.com' }, status: 401 },
    ],
  },
  Cognito: {
    issuer: COGNITO,
    metadata: COGNITO + OPENID,
    jwks: `${COGNITO}/.well-known/jwks.json`,
    changes: [
      { claims: { scope: 'openid' }, status: 403 },
      { claims: { scope: 'read:users' }, status: 403 },
      { claims: { token_use: 'id', aud: '1h57kf5cpq17m0eml12EXAMPLE' }, status: 401 },
      { claims: { token_use: undefined }, status: 401 },
      { claims: { client_id: '2j68lg6dqr28n1fnm23EXAMPLE' }, status: 401 },
      { claims: { client_id: undefined }, status: 401 },
    ],
  },
  Google: {
    issuer: 'https://accounts.google.com',
    metadata: `https://accounts.google.com${OPENID}`,
    jwks: 'https://www.googleapis.com/oauth2/v3/certs',
    header: { typ: 'JWT' },
    changes: [
      { claims: { email: 'stranger@other.iam.gserviceaccount.com' }, status: 401 },
      { claims: { email: undefined }, status: 401 },
      { claims: { email_verified: false }, status: 401 },
      { claims: { email_verified: undefined }, status: 401 },
    ],
  },
  Kubernetes: {
    issuer: 'https://kubernetes.default.svc.cluster.local',
    jwks: 'https://kubernetes.default.svc/openid/v1/jwks',
    changes: [
      { claims: { sub: 'system:serviceaccount:shop:other' }, status: 403 },
      { claims: { sub: 'system:serviceaccount:other:web' }, status: 403 },
      { claims: { aud: ['https://kubernetes.default.svc.cluster.local'] }, status: 401 },
    ],
  },
  'AD FS': {
    issuer: 'http://adfs.example.com/adfs/services/trust',
    jwks: 'https://adfs.example.com/adfs/discovery/keys',
    header: { typ: 'JWT', x5t: 'x5t' },
    changes: [
      { claims: { scp: 'openid' }, status: 403 },
      { claims: { iss: 'https://adfs.example.com/adfs' }, status: 401 },
    ],
  },
  Stytch: {
    issuer: `stytch.com/${STYTCH}`,
    jwks: `https://api.stytch.com/v1/sessions/jwks/${STYTCH}`,
    header: { typ: 'JWT' },
    changes: [{ claims: { iss: 'stytch.com/project-live-other' }, status: 401 }],
  },
}

/** For every token. */
const EVERYWHERE: Change[] = [
  { claims: { iss: 'https://evil.test/' }, status: 401 },
  { claims: { iss: undefined }, status: 401 },
  { claims: { exp: MADE_AT - 60 }, status: 401 },
  { claims: { exp: undefined }, status: 401 },
]

interface Example {
  heading: string
  code: string
  tokens: Record<string, unknown>[]
}

/** The sections of the page that have code. */
function examplesOf(markdown: string): Example[] {
  return markdown.split(/^#{2,3} /m).flatMap(section => {
    const [heading = ''] = section.split('\n', 1)
    const blocks = (language: string): string[] =>
      [...section.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text)
    const [code, ...others] = blocks('ts')
    expect(others, heading).to.have.length(0)
    return code === undefined ? [] : [{ heading, code, tokens: blocks('json').map(text => JSON.parse(text)) }]
  })
}

const KEY = sharedKey()

/** What the issuer's own servers answer, and which of them were asked. */
function networkOf(world: World): { fetch: typeof fetch; calls: string[] } {
  const calls: string[] = []
  const planned: typeof fetch = async (input, init) => {
    const url = String(input)
    calls.push(url)
    if (url === world.metadata) return Response.json({ issuer: world.issuer, jwks_uri: world.jwks })
    if (url !== world.jwks) return new Response('Not Found', { status: 404 })
    const headers = new Headers(init?.headers)
    // As kube-apiserver does.
    if (url.includes('kubernetes')) {
      if (headers.get('authorization') !== 'Bearer token of the pod') return new Response(null, { status: 401 })
      if (!headers.get('accept')?.includes('application/jwk-set+json')) return new Response(null, { status: 406 })
    }
    return Response.json({ keys: [{ ...KEY.jwk, ...world.key }] })
  }
  return { fetch: planned, calls }
}

/** The app that the code makes, with the issuer's servers in place of the network. */
function runExample(code: string, { fetch }: ReturnType<typeof networkOf>): Express {
  const app = express().set('env', 'test')
  const clock = { now: () => (MADE_AT + 60) * 1000 }
  const offline = (options: ResourceServerOptions) => resourceServer({ fetch, clock, ...options })
  const listUsers: RequestHandler = (_req, res) => void res.json({ users: [] })
  const readFile = async (): Promise<string> => 'token of the pod'
  const names = { app, resourceServer: offline, listUsers, fetch, readFile }
  new Function(...Object.keys(names), code.replace(/^import .*$/gm, ''))(...Object.values(names))
  return app
}

describe('docs/issuers.md', () => {
  const examples = examplesOf(page)

  it('has the issuers that are known here, and no other', () => {
    expect(examples.map(({ heading }) => heading)).to.deep.equal(Object.keys(WORLDS))
    for (const { heading, tokens } of examples) expect(tokens, heading).not.to.have.length(0)
  })

  for (const { heading, code, tokens } of examples) {
    describe(heading, () => {
      const world = WORLDS[heading] ?? AUTH0
      const { header, changes, issuer, metadata, jwks } = world
      const kid = KEY.kid
      const sign = (claims: object, key = KEY): string => {
        const payloadText = JSON.stringify(claims)
        return mintToken({ key, header: { typ: undefined, kid, ...header }, payloadText })
      }
      const call = (app: Express, token: string) => request(app).get('/users').set('authorization', `Bearer ${token}`)

      for (const [at, claims] of tokens.entries()) {
        it(`lets token ${at + 1} in, and asks nobody but the issuer`, async () => {
          const network = networkOf(world)
          const app = runExample(code, network)
          for (let use = 0; use < 3; use++) await call(app, sign(claims)).expect(200, { users: [] })
          const places = [metadata, jwks].filter(place => place !== undefined)
          const guessed = network.calls.filter(url => !places.includes(url))
          expect(network.calls.filter(url => places.includes(url))).to.deep.equal(places)
          for (const url of guessed) {
            expect(url.startsWith(`${new URL(issuer).origin}/.well-known/oauth-authorization-server`)).to.equal(true)
          }
        })

        it(`says of token ${at + 1} what a token says that was made when the page says`, () => {
          expect(claims).to.include({ iat: MADE_AT })
          expect(claims['exp']).to.be.within(MADE_AT + 300, MADE_AT + 86_400)
        })

        const audience = 'aud' in claims ? [{ claims: { aud: 'https://other.test' }, status: 401 }] : []
        for (const change of [...EVERYWHERE, ...audience, ...changes]) {
          const changed = JSON.stringify(change.claims, (_name, value) => (value === undefined ? 'absent' : value))
          it(`answers ${change.status} to token ${at + 1} with ${changed}`, async () => {
            const app = runExample(code, networkOf(world))
            await call(app, sign({ ...claims, ...change.claims })).expect(change.status)
          })
        }

        it(`answers 401 to token ${at + 1} signed by somebody else`, async () => {
          const app = runExample(code, networkOf(world))
          await call(app, sign(claims, createKey('RS256', kid))).expect(401)
        })
      }

      it('answers 401 to nobody', async () => {
        await request(runExample(code, networkOf(world)))
          .get('/users')
          .expect(401)
      })
    })
  }
})
