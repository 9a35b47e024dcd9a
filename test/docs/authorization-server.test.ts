import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect } from 'chai'
import express from 'express'
import { blocksOf, readPage, runBlock, sectionOf } from '../support/docs.js'
import { requireCommand } from '../support/require-command.js'
import { listen } from '../support/running.js'
import { assertShown, callsOf, type RealAnswer, runCalls } from '../support/shell-tour.js'
import { sources } from '../support/sources.js'
import { storeEngines } from '../support/stores.js'
import { CLIENT_ID, startServer } from '../authorization-server/fixtures.js'
import { startFlow, VERIFIER } from '../authorization-server/user-fixtures.js'

const page = readPage('authorization-server.md')
const section = sectionOf(page, '### Bodies that are announced')

describe('docs/authorization-server.md', () => {
  /** The names in the first cells of a table. */
  const tabled = (heading: string): string[] =>
    [...sectionOf(page, heading).matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    )
  const namesIn = (file: string, text: RegExp, name: RegExp): string[] => {
    const source = sources.find(known => known.file === `authorization-server/${file}`)?.text ?? ''
    return [...(text.exec(source)?.[0] ?? '').matchAll(name)].map(([, found = '']) => found)
  }

  it('has every option, and every event', () => {
    const options = namesIn('options.ts', /^const NAMES[\s\S]*?\]/m, /'(\w+)'/g)
    const events = namesIn('context/events.ts', /^export type ServerEvent[\s\S]*?\n\n/m, /type: '([\w.]+)'/g)
    expect(options).to.have.length.above(14)
    expect(events).to.have.length.above(20)
    expect(tabled('## Options')).to.include.members(options)
    expect(tabled('## Events')).to.have.members(events)
  })

  describe('has a server that asks for a body before it is sent', () => {
    let server: Server
    before(async () => {
      const test = await startServer({ authorizeAdmin: () => ({ scopes: [] }) })
      const app = express().use(test.server.router, test.server.adminRouter)
      const http = {
        createServer(listener: RequestListener): Server {
          server = createServer(listener)
          return server
        },
      }
      const [code = ''] = blocksOf(section)
      await runBlock(code, {
        modules: { 'node:http': http },
        names: { app },
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    })
    after(() => {
      server.closeAllConnections()
      server.close()
    })

    const rows = [
      { length: 20 * 1024 * 1024, path: '/apis', type: 'application/json', first: 413 },
      { length: 4 * 1024 * 1024 + 1, path: '/apis', type: 'application/json', first: 413 },
      { length: 4 * 1024 * 1024, path: '/apis', type: 'application/json', first: 100 },
      { length: 20 * 1024 * 1024, path: '/oauth/token', type: 'application/x-www-form-urlencoded', first: 413 },
      { length: 65_536, path: '/oauth/token', type: 'application/x-www-form-urlencoded', first: 100 },
    ]
    for (const { length, path, type, first } of rows) {
      it(`${path}, ${length} bytes: ${first}`, async () => {
        const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
        client.write(
          `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`,
        )
        const [answer] = await once(client, 'data')
        client.destroy()
        expect(String(answer)).to.match(new RegExp(`^HTTP/1\\.1 ${first} `))
      })
    }
  })

  describe('shows what the grants of user flows answer', () => {
    const calls = callsOf(page).filter(({ heading }) => /^(authorization_code|refresh_token)$/.test(heading))
    let answers: RealAnswer[] = []

    before(async function runAll() {
      requireCommand(this, ['bash', '-c', 'curl --version && node --version'])
      const [engine] = storeEngines
      if (engine === undefined) throw new Error('no engine')
      const flow = await startFlow(engine)
      const running = await listen(() => flow.app)
      const variables = { ISSUER: running.url, CLIENT_ID, VERIFIER, CODE: await flow.authorize() }
      const setUp = Object.entries(variables).map(([name, value]) => `${name}='${value}'`)
      const readToken =
        'REFRESH_TOKEN=$(node -p "JSON.parse(fs.readFileSync(process.env.OUT + \'/0.body\')).refresh_token")'
      const commands = calls.map(({ command }, at) => (at === 0 ? command : `${readToken}\n${command}`))
      answers = await runCalls(setUp.join('\n'), commands)
      await running.stop()
      await flow.close()
    })

    for (const [at, { heading, answer }] of calls.entries()) {
      it(heading, () => {
        const real = answers[at]
        if (real === undefined) throw new Error('it did not run')
        assertShown(real, answer)
        expect(Object.keys(Object(real.body))).to.have.members(Object.keys(JSON.parse(answer.split('\n\n')[1] ?? '')))
      })
    }

    it('has one command for each', () => {
      expect(calls.map(({ heading }) => heading)).to.deep.equal(['authorization_code', 'refresh_token'])
    })
  })
})
