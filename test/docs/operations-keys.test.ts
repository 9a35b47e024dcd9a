import { expect } from 'chai'
import express from 'express'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { blocksOf, readPage, rowsOf, sectionOf } from '../support/docs.js'
import { requireCommand } from '../support/require-command.js'
import { listen, type Running } from '../support/running.js'
import { setClock } from '../support/set-clock.js'
import { assertShown, callsOf, type RealAnswer, runCalls } from '../support/shell-tour.js'
import { sources } from '../support/sources.js'

const section = sectionOf(readPage('operations.md'), '## Keys')
const calls = callsOf(section)
const [variables = ''] = blocksOf(section, 'sh')

describe('docs/operations.md, keys', () => {
  let server: AuthorizationServer
  let running: Running
  let answers: RealAnswer[] = []

  before(async function runAll() {
    requireCommand(this, ['bash', '-c', 'curl --version && node --version'])
    const clock = setClock()
    running = await listen(async issuer => {
      server = await authorizationServer({ issuer, clock, store: embeddedStore(':memory:') })
      return express().use(server.router).use(server.adminRouter)
    })
    // Its first next key has been published long enough.
    clock.advance(600_000)
    const [client] = server.takeManagementClients()
    const values: Record<string, string | undefined> = {
      ...{ ISSUER: running.url, ADMIN: running.url },
      ...{ MANAGEMENT_ID: client?.clientId, MANAGEMENT_SECRET: client?.clientSecret },
    }
    const setUp = variables.replace(/^([A-Z_]+)=.*$/gm, (_line, name) => `${name}='${values[name]}'`)
    answers = await runCalls(
      setUp,
      calls.map(({ command }) => command),
    )
  })
  after(async () => {
    await running?.stop()
    await server?.close()
  })

  for (const [at, { heading, command, answer }] of calls.entries()) {
    it(`${at + 1}. ${heading}: ${command.split('\n').at(-2)}`, () => {
      const real = answers[at]
      if (real === undefined) throw new Error('it did not run')
      assertShown(real, answer)
    })
  }

  it('shows an answer for every call', () => {
    expect(calls.map(({ command }) => command)).to.deep.equal(
      blocksOf(section, 'sh').filter(block => /\bcurl /.test(block)),
    )
  })

  const times: [row: RegExp, text: string, file: string, constant: RegExp][] = [
    [/^the key set/, '300 seconds', 'discovery/metadata-router.ts', /MAX_AGE = 300\b/],
    [/^`next` waits/, '10 minutes', 'keys/rotation.ts', /PUBLISHED_BEFORE = 600_000\b/],
    [/^a process keeps/, '30 seconds', 'keys/signing-keys.ts', /RING_AGE = 30_000\b/],
    [/^`previous`/, '30 days, 1 hour', 'keys/key-ring.ts', /PUBLISHED_AFTER = 30 \* 86_400_000 \+ 3_600_000\b/],
    [/^`current`/, '90 days', 'keys/rotation-option.ts', /DEFAULT_AGE = 90\b/],
    [/^keys of a ring/, '100', 'keys/rotation.ts', /MAX_KEYS = 100\b/],
  ]
  for (const [row, text, file, constant] of times) {
    it(`says ${text} as ${file} does`, () => {
      const [, said] = rowsOf(sectionOf(section, '### Times')).find(([what = '']) => row.test(what)) ?? []
      expect(said).to.equal(text)
      expect(sources.find(known => known.file === `authorization-server/${file}`)?.text).to.match(constant)
    })
  }
})
