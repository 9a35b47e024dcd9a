import { createHash } from 'node:crypto'
import express from 'express'
import request from 'supertest'
import {
  accountsByPath,
  type AuthorizationServerOptions,
  type UsersOption,
} from '../../../lib/authorization-server/index.js'
import { authorizationServer } from '../../../lib/authorization-server/index.js'
import { StoreUnavailableError } from '../../../lib/errors.js'
import type { Collection, Store, StoredRecord } from '../../../lib/store/port.js'
import { embeddedStore } from '../../../lib/store/embedded/index.js'
import { seedKeys } from '../../support/seeded-keys.js'
import type { StoreEngine } from '../../support/stores.js'
import { addApi, addClient, AUDIENCE, ISSUER, type TestClock, testClock, type TestServer } from '../fixtures.js'
import { documented } from '../../support/documented.js'

export const CALLBACK = 'https://app.example.com/cb?keep=1'
export const VERIFIER = 'a'.repeat(43)
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
export const WEB = 'cli_web'

/** Everything that a request needs, in the order in which it is sent. */
export const GOOD = {
  response_type: 'code',
  client_id: WEB,
  redirect_uri: CALLBACK,
  audience: AUDIENCE,
  scope: 'read:users',
  state: 's1',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
}

export type Params = Readonly<Record<string, string | undefined>>

export function query(parameters: Params): string {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return new URLSearchParams(given).toString()
}

type Answered = Awaited<ReturnType<UsersOption['authenticate']>>

export interface AuthorizeTest extends TestServer {
  /** Who is signed in in every browser; a function stands for the hook. */
  signedIn: { user: Answered }
  fails: { down: boolean }
  close(): Promise<void>
}

/** A store that can be down. */
export function breakable(store: Store, fails: { down: boolean }): Store {
  return {
    ...store,
    async collection<T extends StoredRecord>(kind: Parameters<Store['collection']>[0]) {
      const collection = (await store.collection(kind)) as unknown as Collection<T>
      return new Proxy(collection, {
        get(target, name, receiver) {
          const member = Reflect.get(target, name, receiver)
          if (typeof member !== 'function') return member
          return async (...args: unknown[]) => {
            if (fails.down) throw new StoreUnavailableError('down')
            return member.apply(target, args)
          }
        },
      })
    },
    ping: () => store.ping(),
    close: () => store.close(),
  } as Store
}

type Options = Partial<AuthorizationServerOptions> & { hooks?: Partial<UsersOption>; engine?: StoreEngine }

/** A server with an API, a confidential client, and a user who is signed in: `ada`. */
export async function startAuthorize({ hooks, engine, ...options }: Options = {}): Promise<AuthorizeTest> {
  const clock: TestClock = testClock()
  const fails = { down: false }
  const opened = await (engine?.open(clock) ?? embeddedStore(':memory:', { clock }))
  const store = breakable(options.accounts === undefined ? await seedKeys(opened) : opened, fails)
  const events: unknown[] = []
  const signedIn: AuthorizeTest['signedIn'] = { user: { id: 'ada' } }
  const users: UsersOption = { authenticate: () => signedIn.user, loginUrl: '/login', ...hooks }
  const server = documented(
    await authorizationServer({
      ...(options.accounts === undefined && { issuer: ISSUER }),
      store,
      clock,
      users,
      onEvent: event => events.push(event),
      ...options,
    }),
  )
  const app = express()
  app.use(server.router)
  const test = { server, app, clock, store, events, signedIn, fails, close: () => server.close() }
  return test as unknown as AuthorizeTest
}

/** With the API and the client. */
export async function startFlow(options: Options = {}): Promise<AuthorizeTest> {
  const test = await startAuthorize(options)
  await addApi(test)
  await addWeb(test)
  return test
}

export function addWeb(
  test: AuthorizeTest,
  fields: Parameters<typeof addClient>[1] = {},
): ReturnType<typeof addClient> {
  return addClient(test, {
    id: WEB,
    name: 'Web app',
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    callbacks: [CALLBACK],
    ...fields,
  })
}

/** Two accounts that know the same things. */
export const twoAccounts = accountsByPath(ISSUER, ['acme', 'globex'])

/** A browser: keeps cookies, and follows nothing by itself. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #test: AuthorizeTest
  constructor(test: AuthorizeTest) {
    this.#test = test
  }

  async get(url: string): Promise<request.Response> {
    return this.#keep(await request(this.#test.app).get(pathOf(url)).set('cookie', this.header).redirects(0))
  }

  async post(url: string, form: string | Params): Promise<request.Response> {
    const body = typeof form === 'string' ? form : query(form)
    const sent = request(this.#test.app).post(pathOf(url)).set('cookie', this.header).redirects(0)
    return this.#keep(await sent.type('form').send(body))
  }

  get header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Sends the request, and goes where the answer leads on the issuer's host. */
  async authorize(parameters: Params = GOOD, path = '/authorize'): Promise<request.Response> {
    let answer = await this.get(`${path}?${query(parameters)}`)
    while (answer.status === 303 && isOwn(answer)) answer = await this.get(locationOf(answer))
    return answer
  }

  /** Answers the consent page as a person does: with the boxes that are ticked. */
  async decide(page: request.Response, decision: string, ticked = boxesOf(page)): Promise<request.Response> {
    return this.post(actionOf(page), formOf(page, decision, ticked))
  }

  #keep(answer: request.Response): request.Response {
    for (const line of answer.get('Set-Cookie') ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }
}

function pathOf(url: string): string {
  return url.startsWith(ISSUER) ? url.slice(ISSUER.length) : url
}

function isOwn(answer: request.Response): boolean {
  return /^https:\/\/id\.example\.com(?:\/t\/\w+)?\/authorize\//.test(locationOf(answer))
}

export function locationOf(answer: request.Response): string {
  return String(answer.headers['location'] ?? '')
}

/** The parameters that the client gets. */
export function answerOf(answer: request.Response): Record<string, string> {
  return Object.fromEntries(new URL(locationOf(answer)).searchParams)
}

export function boxesOf({ text }: request.Response): string[] {
  return [...text.matchAll(/<input type="checkbox" name="scope" value="([^"]*)" checked>/g)].map(
    ([, value = '']) => value,
  )
}

export function actionOf({ text }: request.Response): string {
  return /<form method="post" action="([^"]+)">/.exec(text)?.[1] ?? ''
}

export function antiForgeryOf({ text }: request.Response): { name: string; value: string } {
  const [, name = '', value = ''] = /<input type="hidden" name="([^"]+)" value="([^"]+)">/.exec(text) ?? []
  return { name, value }
}

export function formOf(page: request.Response, decision: string, ticked: readonly string[]): string {
  const { name, value } = antiForgeryOf(page)
  const form = new URLSearchParams([[name, value]])
  for (const scope of ticked) form.append('scope', scope)
  form.append('decision', decision)
  return form.toString()
}

export function eventsOf(test: AuthorizeTest, type: string): Record<string, unknown>[] {
  return (test.events as Record<string, unknown>[]).filter(event => event['type'] === type)
}
