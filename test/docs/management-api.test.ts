import { expect } from 'chai'
import express from 'express'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { blocksOf, readPage } from '../support/docs.js'
import { requireCommand } from '../support/require-command.js'
import { listen, type Running } from '../support/running.js'
import { seedKeys } from '../support/seeded-keys.js'
import { assertShown, callsOf, type RealAnswer, runCalls } from '../support/shell-tour.js'
import { documented } from '../support/documented.js'

const page = readPage('management-api.md')
const calls = callsOf(page)
const [variables = '', ...commands] = blocksOf(page, 'sh')

/** The section whose tokens come from a server with the option that it is about. */
const RESTRICTED = "Restrict every client: `apiGrants: 'required'`"

/** The block that sets the variables, with values that fit. */
function withValues(block: string, values: Readonly<Record<string, string>>): string {
  const named = [...block.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name)
  expect(named).to.have.members(Object.keys(values))
  return block.replace(/^([A-Z_]+)=.*$/gm, (_line, name) => `${name}='${values[name]}'`)
}

describe('docs/management-api.md', () => {
  const servers: AuthorizationServer[] = []
  const running: Running[] = []
  let answers: RealAnswer[] = []

  before(async function runAll() {
    requireCommand(this, ['bash', '-c', 'curl --version && node --version'])
    const store = await seedKeys(embeddedStore(':memory:'))
    const [open = '', restricted = ''] = [await start('open'), await start('required')]

    async function start(apiGrants: 'open' | 'required'): Promise<string> {
      const listening = await listen(async url => {
        const server = documented(await authorizationServer({ issuer: running[0]?.url ?? url, store, apiGrants }))
        servers.push(server)
        return express().use(server.openApiRouter, server.router, server.adminRouter)
      })
      running.push(listening)
      return listening.url
    }

    const [client] = servers[0]?.takeManagementClients() ?? []
    const setUp = withValues(variables, {
      ISSUER: open,
      ADMIN: open,
      MANAGEMENT_ID: client?.clientId ?? '',
      MANAGEMENT_SECRET: client?.clientSecret ?? '',
    })
    const issuerOf = (heading: string): string => (heading === RESTRICTED ? restricted : open)
    const all = calls.map(({ heading, command }) => `ISSUER='${issuerOf(heading)}'\n${command}`)
    answers = await runCalls(setUp, all)
  })

  after(async () => {
    await Promise.all(running.map(({ stop }) => stop()))
    await Promise.all(servers.map(server => server.close()))
  })

  it('shows an answer below every command, each of which makes one call', () => {
    expect(calls.map(({ command }) => command)).to.deep.equal(commands)
    for (const command of commands) expect(command.match(/\bcurl /g), command).to.have.length(1)
    expect(calls.some(({ heading }) => heading === RESTRICTED)).to.equal(true)
  })

  for (const [at, { heading, answer }] of calls.entries()) {
    it(`${at + 1}. ${heading}`, () => {
      const real = answers[at]
      if (real === undefined) throw new Error('it did not run')
      assertShown(real, answer)
    })
  }
})
