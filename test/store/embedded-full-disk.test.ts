import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireCommand } from '../support/require-command.js'
import { Acknowledged } from './acknowledged.js'
import { asRoot, Operator } from './operate.js'

const LARGE = 30_000

describe('embedded store: a disk without room', () => {
  let base: string
  let folder: string
  let operator: Operator

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'scopegate-test-'))
    folder = join(base, 'data')
  })
  afterEach(async () => {
    await operator.kill()
    rmSync(base, { recursive: true, force: true })
  })

  /** Writes are refused one by one, reads go on, and all is well when there is room again. */
  async function refusesAndRecovers(exhaust: () => Promise<void>, relieve: () => Promise<void>): Promise<void> {
    const records = new Acknowledged(operator, folder)
    expect(await records.insert(5, 100)).to.equal(0)
    for (let time = 0; time < 2; time++) {
      await exhaust()
      while ((await records.insert(1, LARGE)) === 0) await records.check()
      for (const count of [1, 8, 1]) expect(await records.insert(count, LARGE)).to.be.greaterThan(0)
      await records.check()
      await relieve()
      for (const count of [1, 8]) expect(await records.insert(count, 1000)).to.equal(0)
      await records.check()
    }
    expect(await operator.do(folder, 'close')).to.equal('ok')
    await records.check()
    expect(operator.isAlive).to.equal(true)
  }

  describe('of a process with a limit to the size of its files', () => {
    before(function prepare() {
      requireCommand(this, ['prlimit', '--pid', `${process.pid}`, '--fsize'])
    })

    const limit = (bytes: number | 'unlimited'): void => {
      execFileSync('prlimit', ['--pid', `${operator.innermost}`, `--fsize=${bytes}:unlimited`])
    }
    const exhaust = async (): Promise<void> => limit(statSync(join(folder, 'data.mdb')).size + 4096)
    const relieve = async (): Promise<void> => limit('unlimited')

    it('refuses each write, goes on reading, and writes again when the limit is raised', async () => {
      operator = new Operator()
      await operator.do(folder, 'open')
      await refusesAndRecovers(exhaust, relieve)
    })

    describe('whose files became read-only', () => {
      const withoutOverride =
        process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : []
      before(function prepare() {
        requireCommand(this, [...withoutOverride, 'true'])
      })

      const chmod = (folderMode: number, fileMode: number): void => {
        for (const name of ['data.mdb', 'data.mdb-lock', 'owner.lock']) chmodSync(join(folder, name), fileMode)
        chmodSync(folder, folderMode)
      }

      it('goes on reading, and writes again when both are as before', async () => {
        operator = new Operator(withoutOverride)
        await operator.do(folder, 'open')
        await refusesAndRecovers(
          async () => {
            await exhaust()
            chmod(0o500, 0o400)
          },
          async () => {
            chmod(0o700, 0o600)
            await relieve()
          },
        )
      })

      it('goes on as it was where only the modes changed, and is refused with the reason when it opens', async () => {
        operator = new Operator(withoutOverride)
        const records = new Acknowledged(operator, folder)
        expect(await records.insert(5, LARGE)).to.equal(0)
        chmod(0o500, 0o400)
        expect(await records.insert(5, LARGE)).to.equal(0)
        await records.check()
        await operator.do(folder, 'close')
        for (let time = 0; time < 3; time++) {
          expect(await operator.do(folder, 'open')).to.equal('ERR_STORE_UNAVAILABLE the data folder cannot be used')
        }
        chmod(0o700, 0o600)
        await records.check()
      })
    })
  })

  describe('that is full', () => {
    const script = 'mount -t tmpfs -o size=1m scopegate "$0" && exec "$@"'
    const onSmallDisk = (mountpoint: string): string[] => {
      return ['unshare', ...asRoot, '--mount', 'sh', '-c', script, mountpoint]
    }
    before(function prepare() {
      requireCommand(this, [...onSmallDisk(tmpdir()), 'true'])
    })

    const fill = async (): Promise<void> => void expect(await operator.do(base, 'fill')).to.equal('ok')
    const free = async (): Promise<void> => void expect(await operator.do(base, 'free')).to.equal('ok')

    it('refuses each write, goes on reading, and writes again when there is room', async () => {
      operator = new Operator(onSmallDisk(base))
      await refusesAndRecovers(fill, free)
    })

    it('goes on reading where the folder is read-only when it opens it anew, and writes again when it is not', async () => {
      operator = new Operator(onSmallDisk(base))
      const tell = async (command: string): Promise<void> =>
        void expect(await operator.do(folder, command)).to.equal('ok')
      await refusesAndRecovers(
        async () => {
          await fill()
          await tell('mount-read-only')
        },
        async () => {
          await tell('unmount')
          await free()
        },
      )
    })

    it('opens what is there, or says that it cannot, and makes nothing new', async () => {
      operator = new Operator(onSmallDisk(base))
      const records = new Acknowledged(operator, folder)
      expect(await records.insert(5, LARGE)).to.equal(0)
      expect(await operator.do(folder, 'close')).to.equal('ok')
      await fill()
      for (let time = 0; time < 3; time++) {
        await records.check()
        expect(await records.insert(1, LARGE)).to.equal(1)
        expect(await operator.do(folder, 'close')).to.equal('ok')
        const outcome = await operator.do(join(base, 'new'), 'open')
        expect(outcome).to.equal('ERR_STORE_UNAVAILABLE the data folder cannot be used')
      }
      await free()
      expect(await records.insert(5, LARGE)).to.equal(0)
      await records.check()
      expect(await operator.do(join(base, 'new'), 'insert a')).to.equal('ok')
    })
  })
})
