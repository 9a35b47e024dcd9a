import { generateKeyPairSync, sign } from 'node:crypto'
import express from 'express'
import Provider from 'oidc-provider'
import { embeddedStore } from '../dist/store/embedded/index.js'
import { authorizationServer } from '../dist/authorization-server/index.js'
import { AUDIENCE, createClaims, encode } from './issuer.js'
import { serve } from './serve.js'

/** A child process: the token endpoints that are named on the command line. Tells their addresses, and what to send them. */
const [names, mongodbUri] = process.argv.slice(2)
const SCOPES = ['read:users', 'write:users']
/** The requests are counted, and none is refused. */
const ENDLESS = { token: { limit: 1_000_000, window: 60 } }
/** The limit of each client is 6 000 tokens in a minute. */
const CLIENTS = 16
const CLIENT = { id: 'bench-client', secret: 'a-secret-of-the-benchmark-32-chars' }

const endpoints = {
  /** Neither reads the request nor asks anybody: as fast as Express and the signature are. */
  'only signs': async url => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const app = express().disable('x-powered-by')
    app.post('/oauth/token', (_req, res, next) => {
      const claims = createClaims(url)
      const input = `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 'bench' })}.${encode(claims)}`
      sign('sha256', Buffer.from(input), privateKey, (error, signature) => {
        if (error) return next(error)
        const access_token = `${input}.${signature.toString('base64url')}`
        res.set('Cache-Control', 'no-store').json({ access_token, token_type: 'Bearer', expires_in: 3600 })
      })
    })
    return { listener: app, path: '/oauth/token', client: CLIENT }
  },
  /** The same without Express: nothing that signs by RSA on Node's server is faster. */
  'only signs, no Express': async url => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const listener = (_req, res) => {
      const input = `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 'bench' })}.${encode(createClaims(url))}`
      sign('sha256', Buffer.from(input), privateKey, (error, signature) => {
        if (error) return res.destroy(error)
        const access_token = `${input}.${signature.toString('base64url')}`
        const body = JSON.stringify({ access_token, token_type: 'Bearer', expires_in: 3600 })
        res.setHeader('Content-Type', 'application/json; charset=utf-8')
        res.setHeader('Cache-Control', 'no-store')
        res.setHeader('Content-Length', body.length)
        res.end(body)
      })
    }
    return { listener, path: '/oauth/token', client: CLIENT }
  },
  /** The whole service, as it comes: its log, its limits and its lines on standard output. */
  'scopegate serve': async () => {
    const { readConfig } = await import('../dist/cli/serve/config.js')
    const { serve: start } = await import('../dist/cli/serve/serve.js')
    const { id, secret } = CLIENT
    const env = { PORT: '0', DATA_DIR: ':memory:', MANAGEMENT_CLIENT_ID: id, MANAGEMENT_CLIENT_SECRET: secret }
    const service = await start(readConfig(env), { isTerminal: false, print: () => undefined })
    return { base: service.url, path: '/oauth/token', client: CLIENT, register: true }
  },
  'scopegate, embedded': url => createScopegate(url, embeddedStore(':memory:')),
  'scopegate, no log': url => createScopegate(url, embeddedStore(':memory:'), { logRetention: 0 }),
  'scopegate, MongoDB': async url => {
    const { mongoStore } = await import('../dist/store/mongo/index.js')
    // A database of its own for each process.
    return createScopegate(url, mongoStore(`${mongodbUri}_${process.pid}`))
  },
  'oidc-provider': async url => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const resource = {
      scope: SCOPES.join(' '),
      accessTokenFormat: 'jwt',
      accessTokenTTL: 3600,
      jwt: { sign: { alg: 'RS256' } },
    }
    const provider = new Provider(url, {
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        },
      ],
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
      scopes: SCOPES,
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: { enabled: true, getResourceServerInfo: () => resource },
      },
    })
    return { listener: provider.callback(), path: '/token', client: CLIENT }
  },
}

async function createScopegate(issuer, store, options = {}) {
  const server = await authorizationServer({ issuer, store, rateLimits: ENDLESS, ...options })
  const app = express().disable('x-powered-by')
  app.use(server.router)
  app.use(server.adminRouter)
  const [{ clientId, clientSecret }] = server.takeManagementClients()
  return { listener: app, path: '/oauth/token', client: { id: clientId, secret: clientSecret }, register: true }
}

/** By the management API, as a user would. */
async function register(url, management) {
  const call = async (path, authorization, body) => {
    const type = typeof body === 'string' ? 'application/x-www-form-urlencoded' : 'application/json'
    const headers = { authorization, 'content-type': type }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return (await fetch(url + path, { method: 'POST', headers, body: text })).json()
  }
  const { access_token } = await call('/oauth/token', basic(management), 'grant_type=client_credentials')
  const admin = `Bearer ${access_token}`
  const permissions = SCOPES.map(value => ({ value }))
  const api = { name: 'Bench', identifier: AUDIENCE, token_dialect: 'access_token_authz', token_lifetime: 3600 }
  await call('/apis', admin, { ...api, permissions })
  const clients = []
  while (clients.length < CLIENTS) {
    const made = await call('/clients', admin, { name: 'Bench', grant_types: ['client_credentials'] })
    clients.push({ id: made.client_id, secret: made.client_secret })
  }
  return clients
}

const basic = ({ id, secret }) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

await serve(JSON.parse(names), async (name, url) => {
  const { listener, path, client, base = url, register: isOurs } = await endpoints[name](url)
  return {
    listener,
    tell: async () => {
      const clients = isOurs ? await register(base, client) : [client]
      return { url: base + path, authorizations: clients.map(basic) }
    },
  }
})
