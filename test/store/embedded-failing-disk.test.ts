import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { FailingDisk, requireFailingDisk } from '../support/failing-disk.js'
import { Acknowledged } from './acknowledged.js'
import { Operator } from './operate.js'

const LARGE = 30_000

describe('embedded store: a disk that fails', () => {
  let base: string
  let disk: FailingDisk
  let folder: string
  let operator: Operator
  let records: Acknowledged

  before(function prepare() {
    requireFailingDisk(this)
  })
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'scopegate-test-'))
  })
  afterEach(async () => {
    await operator.kill()
    rmSync(base, { recursive: true, force: true })
  })

  function start(options: ConstructorParameters<typeof FailingDisk>[1] = {}): void {
    disk = new FailingDisk(base, options)
    folder = join(disk.path, 'data')
    operator = new Operator(disk.through)
    records = new Acknowledged(operator, folder)
  }

  /** What was acknowledged is on the disk itself, and another process goes on. */
  async function endsWhole(): Promise<void> {
    await operator.kill()
    await disk.leave()
    operator = new Operator(disk.through)
    records.passTo(operator)
    await records.check()
    for (const count of [1, 8]) expect(await records.insert(count, LARGE)).to.equal(0)
    await records.check()
  }

  const openFiles = (): number => readdirSync(`/proc/${operator.innermost}/fd`).length

  async function staysReadOnly(): Promise<void> {
    for (const count of [1, 8, 1]) expect(await records.insert(count, 100)).to.equal(count)
    const before = openFiles()
    for (let time = 0; time < 20; time++) expect(await records.insert(1, 100)).to.equal(1)
    expect(openFiles()).to.equal(before)
    await records.check()
  }

  it('refuses each write and goes on reading once the system made it read-only, and loses nothing', async () => {
    start()
    expect(await records.insert(8, LARGE)).to.equal(0)
    const underway = records.insert(50, 1000)
    disk.becomeReadOnly(operator.innermost)
    await underway
    await staysReadOnly()
    expect(await operator.do(folder, 'close')).to.equal('ok')
    for (let time = 0; time < 3; time++)
      expect(await operator.do(folder, 'open')).to.equal('ERR_STORE_UNAVAILABLE the data folder cannot be used')
    await endsWhole()
  })

  it('survives that the system makes it read-only because of what is written', async () => {
    start({ journal: 'last' })
    expect(await records.insert(8, LARGE)).to.equal(0)
    disk.loseJournal(operator.innermost)
    while ((await records.insert(1, LARGE)) === 0) await records.check()
    await staysReadOnly()
    disk.heal(operator.innermost)
    await endsWhole()
  })

  it('refuses what it could not write for an error of input or output, goes on, and loses nothing', async () => {
    start()
    for (let time = 0; time < 3; time++) {
      expect(await records.insert(5, LARGE)).to.equal(0)
      disk.loseRoom(operator.innermost, folder)
      while ((await records.insert(4, LARGE)) === 0) await records.check()
      for (const count of [1, 8]) await records.insert(count, LARGE)
      await records.check()
      disk.heal(operator.innermost)
      for (const count of [1, 8]) expect(await records.insert(count, LARGE)).to.equal(0)
      await records.check()
    }
    await endsWhole()
  })

  it('loses nothing where the process ended after such an error, and another one goes on', async () => {
    start()
    expect(await records.insert(5, LARGE)).to.equal(0)
    disk.loseRoom(operator.innermost, folder)
    while ((await records.insert(4, LARGE)) === 0) await records.check()
    expect(await operator.do(folder, 'close')).to.equal('ok')
    disk.heal(operator.innermost)
    expect(await records.insert(8, LARGE)).to.equal(0)
    await endsWhole()
  })
})
