import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { StoreLockedError } from '../../lib/errors.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { requireCommand } from '../support/require-command.js'
import { asRoot, Operator } from './operate.js'

const run = promisify(execFile)
const WITHOUT_LOCKS = fileURLToPath(new URL('./without-locks.ts', import.meta.url))
const LOCKED = 'ERR_STORE_LOCKED another process owns the data folder'

describe('embedded store: one owner', () => {
  let base: string
  let folder: string
  const operators: Operator[] = []

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'scopegate-test-'))
    folder = join(base, 'data')
  })
  afterEach(async () => {
    await Promise.all(operators.splice(0).map(operator => operator.kill()))
    rmSync(base, { recursive: true, force: true })
  })

  function start(...through: string[]): Operator {
    const operator = new Operator(through)
    operators.push(operator)
    return operator
  }

  /** A folder whose owner was killed while it held it. */
  async function staleFolder(): Promise<string> {
    const stale = join(base, 'stale')
    const owner = start()
    expect(await owner.do(stale, 'insert a')).to.equal('ok')
    await owner.kill()
    expect(readdirSync(stale).sort()).to.deep.equal(['data.mdb', 'data.mdb-lock', 'owner.lock'])
    return stale
  }

  describe('of processes that start together', () => {
    const PROCESSES = 4
    const ROUNDS = 50
    const places = [
      { description: 'where there is no folder', prepare: async () => () => {} },
      { description: 'on an empty folder', prepare: async () => (path: string) => void mkdirSync(path) },
      {
        description: 'on the folder of an owner who was killed',
        prepare: async () => {
          const stale = await staleFolder()
          return (path: string) => cpSync(stale, path, { recursive: true })
        },
      },
    ]
    for (const { description, prepare } of places) {
      it(`exactly one has it, ${description} (${ROUNDS} times, ${PROCESSES} processes)`, async () => {
        const place = await prepare()
        const contenders = Array.from({ length: PROCESSES }, () => start())
        for (let round = 0; round < ROUNDS; round++) {
          const path = join(base, `round-${round}`)
          place(path)
          const outcomes = await Promise.all(contenders.map(contender => contender.do(path, 'open')))
          expect(outcomes.sort()).to.deep.equal([...Array(PROCESSES - 1).fill(LOCKED), 'ok'])
          await Promise.all(contenders.map(contender => contender.do(path, 'close')))
        }
      })
    }
  })

  describe('in containers on one volume', () => {
    const container = ['unshare', ...asRoot, '--pid', '--fork', '--mount-proc', '--kill-child'] as const
    before(function prepare() {
      requireCommand(this, [...container, 'true'])
    })

    const pairs = [
      { description: 'both in containers', first: container, second: container },
      { description: 'the owner in a container', first: container, second: [] },
      { description: 'the owner outside', first: [], second: container },
    ]
    for (const { description, first, second } of pairs) {
      it(`the second is refused at once, and has it once the first was killed: ${description}`, async () => {
        const owner = start(...first)
        expect(await owner.do(folder, 'insert a')).to.equal('ok')
        const other = start(...second)
        expect(await other.do(folder, 'get a')).to.equal(LOCKED)
        expect(await owner.do(folder, 'insert b')).to.equal('ok')
        await owner.kill()
        expect(await other.do(folder, 'get b')).to.equal('ok')
        expect(await other.do(folder, 'insert c')).to.equal('ok')
      })
    }
  })

  it('stays with an owner that is stopped, and is still its own when it goes on', async () => {
    const owner = start()
    expect(await owner.do(folder, 'insert a')).to.equal('ok')
    process.kill(owner.innermost, 'SIGSTOP')
    const other = start()
    for (let i = 0; i < 20; i++) expect(await other.do(folder, 'open')).to.equal(LOCKED)
    process.kill(owner.innermost, 'SIGCONT')
    expect(await owner.do(folder, 'insert b')).to.equal('ok')
    expect(await other.do(folder, 'open')).to.equal(LOCKED)
  })

  it('passes on at once when the owner is killed, and when it closes', async () => {
    const contenders = [start(), start(), start()]
    const [first, second, third] = contenders
    expect(await first?.do(folder, 'insert a')).to.equal('ok')
    await first?.kill()
    expect(await second?.do(folder, 'insert b')).to.equal('ok')
    expect(await second?.do(folder, 'close')).to.equal('ok')
    for (const id of ['a', 'b']) expect(await third?.do(folder, `get ${id}`)).to.equal('ok')
  })

  it('does not pass on when somebody removes the lock files', async () => {
    const owner = start()
    expect(await owner.do(folder, 'open')).to.equal('ok')
    for (const name of ['owner.lock', 'data.mdb-lock']) rmSync(join(folder, name))
    expect(await start().do(folder, 'open')).to.equal(LOCKED)
    expect(await owner.do(folder, 'insert a')).to.equal('ok')
  })

  describe('in one process', () => {
    const spellings: { description: string; spell: () => string }[] = [
      { description: 'the same path', spell: () => folder },
      { description: 'a relative path', spell: () => relative(process.cwd(), folder) },
      { description: 'a longer path', spell: () => `${base}/./data/../data/` },
      {
        description: 'a link to the folder',
        spell() {
          symlinkSync(folder, join(base, 'link'))
          return join(base, 'link')
        },
      },
      {
        description: 'a folder with a link to the data file',
        spell() {
          mkdirSync(join(base, 'other'))
          symlinkSync(join(folder, 'data.mdb'), join(base, 'other', 'data.mdb'))
          return join(base, 'other')
        },
      },
    ]
    for (const { description, spell } of spellings) {
      it(`a second store is refused by ${description}, and has it once the first is closed`, async () => {
        const first = embeddedStore(folder)
        await first.ping()
        const path = spell()
        const second = embeddedStore(path, { onWarning: () => {} })
        const error = await second.ping().catch((caught: unknown) => caught)
        expect(error).to.be.instanceOf(StoreLockedError)
        await first.ping()
        await Promise.all([first.close(), first.close()])
        await second.ping()
        await second.close()
      })
    }

    it('a store that is closed while it opens lets go of the folder', async () => {
      const store = embeddedStore(folder)
      const opening = store.ping().catch(() => {})
      await store.close()
      await opening
      const next = embeddedStore(folder)
      await next.ping()
      await next.close()
    })
  })
  describe('where the lock cannot be had', () => {
    const failures = [
      { way: 'another platform', message: 'the data folder cannot be locked on this platform' },
      { way: 'another addon', message: 'the data folder cannot be locked on this platform' },
      { way: 'no locks', message: 'the data folder cannot be locked' },
    ]
    for (const { way, message } of failures) {
      it(`a store in a folder is refused, one in memory is not: ${way}`, async () => {
        const { stdout } = await run(process.execPath, ['--import', 'tsx', WITHOUT_LOCKS, folder, way])
        expect(JSON.parse(stdout)).to.deep.equal({ name: 'StoreUnavailableError', message, files: ['owner.lock'] })
        const store = embeddedStore(folder)
        await store.ping()
        await store.close()
      })
    }
  })
})
