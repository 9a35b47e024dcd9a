import { createHash, randomBytes } from 'node:crypto'
import { createVerifier } from '../../lib/resource-server/index.js'
import { UserAgent } from '../support/user-agent.js'
import type { Answer } from './http.js'
import { management } from './operations.js'
import type { Target } from './target.js'
import { World } from './world.js'

/** A management client, users without passwords, and time enough to ask again for a refresh whose answer was lost. */
export const ENVIRONMENT = {
  MANAGEMENT_CLIENT_ID: 'ops',
  MANAGEMENT_CLIENT_SECRET: 'a-secret-of-the-environment-of-tests',
  DEMO_USERS: 'ada,grace',
  REFRESH_GRACE: '60',
}

const FAMILIES = 6
const APIS = 4
const CALLBACK = 'http://127.0.0.1:1/callback'

/** Registers what the load needs, signs users in, and loads the keys: all of it before anything breaks. */
export async function createWorld(
  targets: readonly Target[],
  issuer: string,
  pick: (below: number) => number,
): Promise<World> {
  const audience = 'https://chaos.example.com'
  // Whichever process is there has the keys.
  const fetchKeys = (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url instanceof Request ? url.url : url)
    return fetch((targets.find(({ accepts }) => accepts)?.url ?? issuer) + pathname, init)
  }
  const keySet = { uri: `${issuer}/.well-known/jwks.json` }
  const world = new World(targets, () => createVerifier({ issuer, audience, fetch: fetchKeys, keySet }), pick)
  const [target] = targets
  if (target === undefined) throw new Error('no target')
  world.audience = audience
  world.management = await managementToken(target)
  await registerApis(world, target)
  world.web = await registerWeb(world, target)
  const browser = new UserAgent(CALLBACK)
  for (let i = 0; i < FAMILIES; i++) {
    const first = await signIn(world, issuer, browser)
    world.ledger.families.push({ tokens: [first], missedAt: undefined, isEnded: false, busy: false })
  }
  await world.loadKeys()
  return world
}

async function post(url: string, authorization: string, form: Record<string, string>): Promise<Record<string, string>> {
  const answer = await fetch(url, { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text}`)
  return JSON.parse(text)
}

const basic = (id: string, secret: string): string => `Basic ${btoa(`${id}:${secret}`)}`

async function managementToken({ url }: Target): Promise<string> {
  const { MANAGEMENT_CLIENT_ID: id, MANAGEMENT_CLIENT_SECRET: secret } = ENVIRONMENT
  const { access_token: token = '' } = await post(`${url}/oauth/token`, basic(id, secret), {
    grant_type: 'client_credentials',
  })
  return token
}

async function register(world: World, target: Target, path: string, body: object): Promise<Record<string, string>> {
  const answer: Answer | undefined = await world.attempt(
    target,
    management(world, 'set-up', ['POST', path], [201], body),
  )
  if (answer === undefined) throw new Error(`${path} could not be set up\n${world.ledger.operations}`)
  return JSON.parse(answer.text)
}

async function registerApis(world: World, target: Target): Promise<void> {
  const permissions = [{ value: 'read:notes' }]
  const options = { allow_offline_access: true, skip_consent: true, permissions }
  await register(world, target, '/apis', { name: 'Notes', identifier: world.audience, ...options })
  for (let i = 0; i < APIS; i++) {
    const { id = '' } = await register(world, target, '/apis', { name: `API ${i}`, identifier: `urn:chaos:${i}` })
    world.ledger.descriptions.push({ id, known: '', maybe: new Set(), busy: false })
  }
}

async function registerWeb(world: World, target: Target): Promise<World['web']> {
  const { client_id: id = '', client_secret: secret = '' } = await register(world, target, '/clients', {
    name: 'Web',
    application_type: 'web',
    is_first_party: true,
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    callbacks: [CALLBACK],
  })
  return { id, secret }
}

/** @returns the first refresh token */
async function signIn({ audience, web }: World, issuer: string, browser: UserAgent): Promise<string> {
  const verifier = randomBytes(32).toString('base64url')
  const request = {
    ...{ response_type: 'code', client_id: web.id, redirect_uri: CALLBACK, state: 'x', audience },
    scope: 'openid offline_access read:notes',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
  let view = await browser.open(`${issuer}/authorize?${new URLSearchParams(request)}`)
  if (view.text.includes('value="ada"')) view = await browser.submit(view, ['user', 'ada'])
  if (view.text.includes('name="decision"')) view = await browser.submit(view, ['decision', 'allow'])
  const code = new URL(view.url).searchParams.get('code') ?? ''
  const exchange = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier }
  const { refresh_token: token = '' } = await post(`${issuer}/oauth/token`, basic(web.id, web.secret), exchange)
  if (token === '') throw new Error('no refresh token')
  return token
}
