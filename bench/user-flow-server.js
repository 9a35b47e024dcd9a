import { generateKeyPairSync } from 'node:crypto'
import express from 'express'
import Provider from 'oidc-provider'
import { embeddedStore } from '../dist/store/embedded/index.js'
import { authorizationServer } from '../dist/authorization-server/index.js'
import { AUDIENCE } from './issuer.js'
import { serve } from './serve.js'

/** A child process: servers that users come to, each with what its load begins with. */
const [names] = process.argv.slice(2)
const FAMILIES = 32
const CALLBACK = 'https://app.example.com/callback'
const CLIENT = { id: 'bench-client', secret: 'a-secret-of-the-benchmark-32-chars' }
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

const basic = ({ id, secret }) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

async function createScopegate(issuer) {
  const server = await authorizationServer({
    issuer,
    store: embeddedStore(':memory:'),
    // The requests are counted, and none is refused.
    rateLimits: { token: { limit: 1_000_000, window: 60 }, authorize: { limit: 1_000_000, window: 60 } },
    authorizeAdmin: () => ({ scopes: [] }),
    users: { authenticate: () => ({ id: 'ada' }), loginUrl: '/login' },
  })
  return express().disable('x-powered-by').use(server.router).use(server.adminRouter)
}

async function call(url, body, headers = {}) {
  const isForm = body instanceof URLSearchParams
  const answer = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...headers, ...(!isForm && { 'content-type': 'application/json' }) },
    body: isForm ? body : JSON.stringify(body),
  })
  return answer.json()
}

/** By the management API and by the flow itself, as users do it; the API is one whose first-party clients skip consent. */
async function prepareScopegate(url, kind) {
  const permissions = [{ value: 'read:users' }, { value: 'write:users' }]
  const api = { name: 'Bench', identifier: AUDIENCE, token_dialect: 'access_token_authz', token_lifetime: 3600 }
  await call(`${url}/apis`, { ...api, permissions, allow_offline_access: true, skip_consent: true })
  const grant_types = ['client_credentials', 'authorization_code', 'refresh_token']
  const registration = { application_type: 'web', is_first_party: true, grant_types, callbacks: [CALLBACK] }
  const made = await call(`${url}/clients`, { name: 'Bench', ...registration, default_audience: AUDIENCE })
  const authorization = basic({ id: made.client_id, secret: made.client_secret })
  const parameters = { response_type: 'code', client_id: made.client_id, scope: 'read:users offline_access' }
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }
  const query = `/authorize?${new URLSearchParams({ ...parameters, ...pkce })}`
  const families = []
  while (kind === 'refresh' && families.length < FAMILIES) {
    const answer = await fetch(`${url}${query}&prompt=none`, { redirect: 'manual' })
    const code = new URL(answer.headers.get('location')).searchParams.get('code')
    const exchange = { grant_type: 'authorization_code', code, code_verifier: VERIFIER }
    const tokens = await call(`${url}/oauth/token`, new URLSearchParams(exchange), { authorization })
    families.push(tokens.refresh_token)
  }
  return { kind, url: `${url}/oauth/token`, authorization, query, families }
}

function createProvider(issuer) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const resource = {
    scope: 'read:users write:users',
    accessTokenFormat: 'jwt',
    accessTokenTTL: 3600,
    jwt: { sign: { alg: 'RS256' } },
  }
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [CALLBACK],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    scopes: ['offline_access', 'read:users', 'write:users'],
    rotateRefreshToken: true,
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => resource,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
      },
    },
  })
}

/** Families as its own code flow leaves them, by its own models. */
async function prepareProvider(provider, url) {
  const client = await provider.Client.find(CLIENT.id)
  const families = []
  for (let at = 0; at < FAMILIES; at++) {
    const about = { accountId: 'ada', clientId: CLIENT.id }
    const grant = new provider.Grant(about)
    grant.addOIDCScope('offline_access')
    grant.addResourceScope(AUDIENCE, 'read:users')
    const grantId = await grant.save()
    const scope = 'offline_access read:users'
    const token = new provider.RefreshToken({
      accountId: 'ada',
      client,
      grantId,
      scope,
      resource: AUDIENCE,
      rotations: 0,
    })
    Object.assign(token, { gty: 'authorization_code', claims: {}, expiresWithSession: false })
    families.push(await token.save())
  }
  return { kind: 'refresh', url: `${url}/token`, authorization: basic(CLIENT), families }
}

const KINDS = {
  'scopegate, client credentials': 'credentials',
  'scopegate, refresh': 'refresh',
  'scopegate, /authorize': 'authorize',
}

await serve(JSON.parse(names), async (name, url) => {
  if (name === 'oidc-provider, refresh') {
    const provider = createProvider(url)
    return { listener: provider.callback(), tell: () => prepareProvider(provider, url) }
  }
  return { listener: await createScopegate(url), tell: () => prepareScopegate(url, KINDS[name]) }
})
