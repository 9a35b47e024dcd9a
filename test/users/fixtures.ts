import { createPrivateKey, type JsonWebKey } from 'node:crypto'
import express from 'express'
import express4 from 'express4'
import {
  type Account,
  type AuthorizationServer,
  type AuthorizationServerOptions,
  authorizationServer,
} from '../../lib/authorization-server/index.js'
import { oneWay } from '../../lib/authorization-server/context/one-way.js'
import { KEY_RING_ID } from '../../lib/authorization-server/keys/signing-keys.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import type { Store } from '../../lib/store/port.js'
import type { SigningKeyEntry } from '../../lib/store/records.js'
import { signJws } from '../../lib/testing/sign.js'
import type { AuthorizationRequestRecord } from '../../lib/store/user-records.js'
import type { ReadyMadeUsers } from '../../lib/users/index.js'
import { listen } from '../support/running.js'
import { seedKeys } from '../support/seeded-keys.js'
import { type SetClock, setClock } from '../support/set-clock.js'
import { UserAgent, type View } from '../support/user-agent.js'
import { documented } from '../support/documented.js'

/** A server with users of ours, listening on loopback. */
export interface UsersHost {
  url: string
  server: AuthorizationServer
  account: Account
  events: Record<string, unknown>[]
  clock: SetClock
  /** A browser, which follows redirects on this host and the provider's, but not to a request of `/authorize`. */
  browser(): UserAgent
  /** Who is signed in in a browser. */
  whoIs(browser: UserAgent): Promise<unknown>
  /** A request to `/authorize` that waits. @returns its URL */
  addRequest(fields?: Partial<AuthorizationRequestRecord>): Promise<string>
  /** A JWT that the server might have signed. */
  sign(claims: object, typ: string): Promise<string>
  /** The key that signs, as its JWTs name it. */
  kid(): Promise<string>
  stop(): Promise<void>
}

export interface HostOptions {
  store?: Store
  clock?: SetClock
  accounts?: (url: string) => NonNullable<AuthorizationServerOptions['accounts']>
  /** The issuer, where the browser sees another URL than the listening one. */
  issuer?: string
  /** Express 4 instead of 5. */
  old?: boolean
}

export async function startHost(pair: ReadyMadeUsers, options: HostOptions = {}): Promise<UsersHost> {
  const { clock = setClock(Date.now()), accounts, old = false } = options
  const store = await seedKeys(options.store ?? embeddedStore(':memory:', { clock }))
  const events: Record<string, unknown>[] = []
  let server: AuthorizationServer | undefined
  let issuer = ''
  const running = await listen(async url => {
    issuer = options.issuer ?? url
    const where = accounts === undefined ? { issuer } : { accounts: accounts(url) }
    const onEvent = (event: object): number => events.push({ ...event })
    server = documented(await authorizationServer({ ...where, store, clock, users: pair.users, onEvent }))
    const app = old ? express4() : express()
    app.use(pair.router as express.RequestHandler)
    app.use(server.router as express.RequestHandler)
    app.get('/', (_req, res) => {
      res.send('the host')
    })
    return app as express.Express
  })
  const { context, close } = server as AuthorizationServer
  const account = { name: 'default', issuer, mountPath: '' }
  const keyOf = async (): Promise<SigningKeyEntry> => {
    const [key] = (await context.records.keyRings.get('default', KEY_RING_ID))?.keys ?? []
    if (key === undefined) throw new Error('no key')
    return key
  }
  return {
    url: running.url,
    server: server as AuthorizationServer,
    account,
    events,
    clock,
    browser: () => new UserAgent(`${issuer}/authorize/`),
    whoIs: ({ cookies }) =>
      whoIs(pair, [...cookies].map(([name, { value }]) => `${name}=${value}`).join('; '), account),
    async addRequest(fields = {}) {
      const now = new Date(clock.now())
      const id = `req_${Math.random().toString(36).slice(2)}`
      await context.records.authorizationRequests.insert({
        ...{ id, account: 'default', revision: 1, createdAt: now, updatedAt: now, client_id: 'cli_app' },
        ...{ redirect_uri: 'https://app.example/callback', redirect_uri_given: true, audience: 'https://api.example' },
        ...{ scope: [], prompt: [], browser: oneWay('b'), expires_at: new Date(now.getTime() + 600_000), ...fields },
      })
      return `${issuer}/authorize/${id}`
    },
    async sign(claims, typ) {
      const { kid, private_jwk } = await keyOf()
      const key = createPrivateKey({ key: JSON.parse(private_jwk) as JsonWebKey, format: 'jwk' })
      return signJws({ alg: 'RS256', typ, kid }, claims, key)
    },
    kid: async () => (await keyOf()).kid,
    async stop() {
      await running.stop()
      await close()
    },
  }
}

/** Who is signed in with these cookies. */
export async function whoIs({ users }: ReadyMadeUsers, cookie: string, account: Account): Promise<unknown> {
  const req = { headers: { cookie } } as Parameters<typeof users.authenticate>[0]
  return users.authenticate(req, account)
}

export const loginUrl = ({ url }: UsersHost, returnTo?: string): string =>
  `${url}/login${returnTo === undefined ? '' : `?return_to=${encodeURIComponent(returnTo)}`}`

/** The session's cookie, or none. */
export const sessionOf = ({ cookies }: UserAgent): string | undefined => cookies.get('scopegate.session.default')?.value

/** The lines that set cookies. */
export const cookiesOf = ({ headers }: View): string[] => headers.getSetCookie()
