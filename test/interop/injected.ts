import express5 from 'express'
import express4 from 'express4'
import inject, { type InjectOptions } from 'light-my-request'
import { resourceServer } from '../../lib/index.js'
import { testIssuer } from '../../lib/testing/index.js'
import { addApi, addClient, AUDIENCE, CLIENT_ID, GOOD, startServer } from '../authorization-server/fixtures.js'

/**
 * Started by inject.test.ts, in a process of its own: light-my-request changes the prototypes of Express for every
 * application of the process. Injects requests into applications and prints the status of each answer.
 */
const PARSERS = {
  'no parser': () => [],
  'express.text': (express: typeof express5) => [express.text({ type: '*/*' })],
  'express.raw': (express: typeof express5) => [express.raw({ type: '*/*' })],
  'express.json and express.urlencoded': (express: typeof express5) => [
    express.json(),
    express.urlencoded({ extended: false }),
  ],
}

const test = await startServer({ authorizeAdmin: () => ({ scopes: [] }) })
await addApi(test)
await addClient(test)
const issuer = await testIssuer({ audience: AUDIENCE })
const { requireScope } = resourceServer(issuer.resourceServerOptions)
const authorization = `Bearer ${await issuer.token({ scope: 'write:users' })}`

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const REQUESTS: Record<string, () => InjectOptions> = {
  token: () => ({ url: '/oauth/token', headers: form, payload: `${new URLSearchParams({ ...GOOD, x: 'ä' })}` }),
  'token, JSON': () => ({ url: '/oauth/token', headers: json, payload: JSON.stringify(GOOD) }),
  'token, scope twice': () => ({
    url: '/oauth/token',
    headers: form,
    payload: `${new URLSearchParams(GOOD)}&scope=read:users&scope=read:users`,
  }),
  'token, too large': () => ({ url: '/oauth/token', headers: form, payload: 'x'.repeat(65_537) }),
  'token, not POST': () => ({ method: 'PUT', url: '/oauth/token', headers: form, payload: 'x'.repeat(65_537) }),
  management: () => ({
    url: `/clients/${client}/secrets`,
    headers: json,
    payload: '{"expires_at":"2026-03-02T00:00:00Z"}',
  }),
  'management, not JSON': () => ({ url: `/clients/${client}/secrets`, headers: form, payload: 'a=1' }),
  guarded: () => ({ url: '/users', headers: { ...json, authorization }, payload: '{"name":"Ada"}' }),
  'guarded, no token': () => ({ url: '/users', headers: json, payload: '{"name":"Ada"}' }),
}

let client = CLIENT_ID
const statuses: Record<string, Record<string, number>> = {}
for (const [version, express] of Object.entries({ 5: express5, 4: express4 })) {
  client = `cli_${version}`
  await addClient(test, { id: client })
  for (const [parser, make] of Object.entries(PARSERS)) {
    const app = express()
    app.use(...make(express), test.server.router, test.server.adminRouter)
    app.post('/users', requireScope('write:users'), (_req, res) => void res.json({ name: 'Ada' }))
    const answers: Record<string, number> = {}
    for (const [name, request] of Object.entries(REQUESTS)) {
      const { statusCode } = await inject(app, { method: 'POST', ...request() })
      answers[name] = statusCode
    }
    statuses[`Express ${version}, ${parser}`] = answers
  }
}
process.stdout.write(JSON.stringify(statuses))
