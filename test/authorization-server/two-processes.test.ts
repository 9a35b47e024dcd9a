import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { oneWay } from '../../lib/authorization-server/context/one-way.js'
import { mongoStore } from '../../lib/store/mongo/index.js'
import { mongoDatabase, requireMongo } from '../support/stores.js'
import { ISSUER, type Parameters } from './fixtures.js'
import { exchangeOf, refreshOf, startFlow, type UserFlow } from './user-fixtures.js'

const CHILD = fileURLToPath(new URL('../support/token-process.ts', import.meta.url))

/** How often each race is run. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 200)
/** How often a process is killed at its work. */
const KILLS = Math.ceil(ROUNDS / 100)
const LASTING = ['read:users', 'offline_access']

interface Answer {
  status: number
  body: Record<string, string>
}

/** A token endpoint in a process of its own. */
interface TokenProcess {
  post(parameters: Parameters): Promise<Answer>
  setAhead(milliseconds: number): Promise<void>
  kill(signal: NodeJS.Signals): Promise<void>
}

async function startProcess(uri: string): Promise<TokenProcess> {
  const child: ChildProcess = fork(CHILD, [uri, ISSUER], { execArgv: ['--import', 'tsx'] })
  const ended = once(child, 'exit')
  const [{ port }] = (await Promise.race([once(child, 'message'), ended.then(() => [{}])])) as [{ port?: number }]
  if (port === undefined) throw new Error('the process ended')
  return {
    async post(parameters) {
      const body = new URLSearchParams(parameters)
      const answer = await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', body })
      return { status: answer.status, body: (await answer.json()) as Answer['body'] }
    },
    async setAhead(milliseconds) {
      const answered = once(child, 'message')
      child.send(milliseconds)
      await answered
    },
    async kill(signal) {
      child.kill(signal)
      await ended
    },
  }
}

describe('two processes on one store', function suite() {
  this.timeout(120_000 + ROUNDS * 1_000)
  let uri: string
  let flow: UserFlow
  let processes: [TokenProcess, TokenProcess]

  before(async function prepare() {
    await requireMongo(this)
    uri = await mongoDatabase()
    // This process makes the codes, by the same clock as the others.
    flow = await startFlow({ open: async () => mongoStore(uri, { operationTimeout: 30_000 }) })
    processes = [await startProcess(uri), await startProcess(uri)]
  })
  beforeEach(() => {
    flow.clock.time = Date.now()
  })
  after(async () => {
    for (const running of processes ?? []) await running.kill('SIGTERM')
    await flow?.close()
  })

  async function authorize(): Promise<string> {
    flow.clock.time = Date.now()
    return flow.authorize({ scope: LASTING })
  }

  /** The first refresh token of a new family. */
  async function begin(): Promise<string> {
    const { status, body } = await processes[0].post(exchangeOf(await authorize()))
    expect(status).to.equal(200)
    return body['refresh_token'] ?? ''
  }

  async function next(running: TokenProcess, token: string): Promise<string> {
    const { status, body } = await running.post(refreshOf(token))
    expect(status, JSON.stringify(body)).to.equal(200)
    return body['refresh_token'] ?? ''
  }

  async function refuse(running: TokenProcess, parameters: Parameters): Promise<void> {
    const { status, body } = await running.post(parameters)
    expect([status, body['error']]).to.deep.equal([400, 'invalid_grant'])
  }

  it(`give two refreshes at once one live successor, ${ROUNDS} times; reuse then ends this family and no other`, async () => {
    const [one, other] = processes
    let [previous, token] = ['', await begin()]
    const bystander = await begin()
    for (let round = 0; round < ROUNDS; round++) {
      const [mine, yours] = await Promise.all([next(one, token), next(other, token)])
      expect(mine).to.equal(yours)
      const live = (await flow.grants()).filter(({ token_hash }) => token_hash === oneWay(mine))
      expect(live).to.have.length(1)
      ;[previous, token] = [token, mine]
    }
    expect(await flow.grants()).to.have.length(2)
    for (const running of processes) await running.setAhead(10_000)
    await refuse(other, refreshOf(previous))
    await refuse(one, refreshOf(token))
    await next(other, bystander)
    for (const running of processes) await running.setAhead(0)
    await flow.removeGrants()
  })

  it(`let one of ten exchanges of a code at once win, ${ROUNDS} times`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const parameters = exchangeOf(await authorize())
      const callers = Array.from({ length: 10 }, (_, number) => processes[number % 2 === 0 ? 0 : 1])
      const answers = await Promise.all(callers.map(running => running.post(parameters)))
      expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
      for (const { status, body } of answers) if (status !== 200) expect(body['error']).to.equal('invalid_grant')
    }
    expect(await flow.grants()).to.deep.equal([])
  })

  it(`lose nothing that was answered where one of them is killed, ${KILLS} times`, async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const [victim, survivor] = processes
      const chains = await Promise.all(Array.from({ length: 4 }, begin))
      const codes = await Promise.all(Array.from({ length: 40 }, authorize))
      const answered = new Map<string, string>()
      let left = 20 + kill * 7
      let dying: Promise<void> | undefined
      const count = (): void => {
        left -= 1
        if (left === 0) dying = victim.kill('SIGKILL')
      }

      const refreshing = chains.map(async (token, chain) => {
        for (;;) {
          const { status, body } = await victim.post(refreshOf(token))
          expect(status).to.equal(200)
          token = chains[chain] = body['refresh_token'] ?? ''
          count()
        }
      })
      const exchanging = codes.map(async code => {
        const { status, body } = await victim.post(exchangeOf(code))
        expect(status).to.equal(200)
        answered.set(code, body['refresh_token'] ?? '')
        count()
      })
      for (const outcome of await Promise.allSettled([...refreshing, ...exchanging])) {
        if (outcome.status === 'rejected') expect(outcome.reason).to.be.instanceOf(TypeError)
      }
      await dying
      for (const token of chains) await next(survivor, await next(survivor, token))
      for (const [code, token] of answered) {
        await next(survivor, token)
        await refuse(survivor, exchangeOf(code))
        await refuse(survivor, refreshOf(token))
      }
      // What was not answered was done or not: another exchange has one answer or the other, and never two successes.
      for (const code of codes.filter(one => !answered.has(one))) {
        const { status, body } = await survivor.post(exchangeOf(code))
        if (status !== 200) expect([status, body['error']]).to.deep.equal([400, 'invalid_grant'])
        await refuse(survivor, exchangeOf(code))
      }
      processes = [survivor, await startProcess(uri)]
    }
  })
})
