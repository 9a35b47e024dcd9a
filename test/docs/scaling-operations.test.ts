import { expect } from 'chai'
import express from 'express'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { demoUsers } from '../../lib/users/index.js'
import {
  addApi,
  addClient,
  AUDIENCE,
  CLIENT_ID,
  seededStore,
  type TestServer,
} from '../authorization-server/fixtures.js'
import type { MemoryStore } from '../authorization-server/memory-store.js'
import { CHALLENGE, exchangeOf, REDIRECT, refreshOf } from '../authorization-server/user-fixtures.js'
import { readPage } from '../support/docs.js'
import { listen, type Running } from '../support/running.js'
import { UserAgent } from '../support/user-agent.js'

const [, refresh, signedIn, whole] =
  /A refresh is (\d+) operations[^.]*\. From [^.]* it is (\d+) operations for .* and (\d+) with a sign-in/.exec(
    readPage('scaling.md').replaceAll(/\s+/g, ' '),
  ) ?? []

describe('docs/scaling.md, operations of the store', () => {
  let store: MemoryStore
  let server: AuthorizationServer
  let running: Running
  const agent = new UserAgent(REDIRECT)

  before(async () => {
    store = await seededStore()
    const { router, users } = demoUsers(['ada'])
    running = await listen(async issuer => {
      server = await authorizationServer({ issuer, store, users, logRetention: 0 })
      return express().use(router).use(server.router)
    })
    const test = { server } as TestServer
    await addApi(test, { allow_offline_access: true })
    await addClient(test, {
      ...{ token_endpoint_auth_method: 'none', secrets: [], application_type: 'spa', callbacks: [REDIRECT] },
      grant_types: ['authorization_code', 'refresh_token'],
    })
    // The client and the API are cached from here on.
    await agent.open(authorizeUrl())
    agent.cookies.clear()
  })
  after(async () => {
    await running.stop()
    await server.close()
  })

  function authorizeUrl(): string {
    const challenge = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }
    const scope = 'read:users offline_access'
    const asked = { response_type: 'code', client_id: CLIENT_ID, redirect_uri: REDIRECT, audience: AUDIENCE, scope }
    return `${running.url}/authorize?${new URLSearchParams({ ...asked, ...challenge })}`
  }

  async function post(parameters: Record<string, string>): Promise<string> {
    const answer = await fetch(`${running.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(parameters) })
    return ((await answer.json()) as { refresh_token: string }).refresh_token
  }

  const exchange = (callback: string): Promise<string> =>
    post(exchangeOf(new URL(callback).searchParams.get('code') ?? ''))

  async function operationsOf(run: () => Promise<unknown>): Promise<number> {
    store.calls.clear()
    await run()
    return [...store.calls.values()].reduce((sum, count) => sum + count, 0)
  }

  it('are as many as it says', async () => {
    let token = ''
    const first = await operationsOf(async () => {
      const consent = await agent.submit(await agent.open(authorizeUrl()), ['user', 'ada'])
      token = await exchange((await agent.submit(consent, ['decision', 'allow'])).url)
    })
    const again = await operationsOf(async () => exchange((await agent.open(authorizeUrl())).url))
    const renewed = await operationsOf(async () => expect(await post(refreshOf(token))).to.match(/./))
    expect([renewed, again, first]).to.deep.equal([refresh, signedIn, whole].map(Number))
  })
})
