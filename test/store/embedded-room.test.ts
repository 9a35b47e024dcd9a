import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Room } from '../../lib/store/embedded/room.js'

const PAGE = 4096

describe('the room at the end of the data file', () => {
  let folder: string
  let path: string
  let room: Room

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scopegate-room-'))
    path = join(folder, 'data.mdb')
    writeFileSync(path, Buffer.alloc(10 * PAGE, 'x'))
    room = new Room(path)
  })
  afterEach(() => {
    room.close()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const { description, growth, least } of [
    { description: 'nothing', growth: { records: 0, bytes: 0 }, least: 32 * PAGE },
    { description: 'a record', growth: { records: 1, bytes: 1_000 }, least: 2_000 },
    { description: 'a large record', growth: { records: 1, bytes: 3_000_000 }, least: 6_000_000 },
    { description: 'a thousand records', growth: { records: 1_000, bytes: 700_000 }, least: 1_400_000 + 2_000 * PAGE },
    { description: 'more than is made at once', growth: { records: 9, bytes: 10 ** 12 }, least: 16 * 1024 * 1024 },
  ]) {
    it(`is made for ${description}, and what stands before is left alone`, () => {
      const used = 8 * PAGE
      room.make(used, growth, PAGE)
      const bytes = readFileSync(path)
      expect(bytes.length).to.be.at.least(used + Math.min(least, 16 * 1024 * 1024))
      expect(bytes.subarray(0, 10 * PAGE).every(byte => byte === 'x'.charCodeAt(0))).to.equal(true)
      expect(bytes.subarray(10 * PAGE).every(byte => byte === 0)).to.equal(true)
    })
  }

  it('stays as it is where there is enough', () => {
    room.make(PAGE, { records: 1, bytes: 0 }, PAGE)
    const { size } = statSync(path)
    room.make(PAGE, { records: 1, bytes: 0 }, PAGE)
    expect(statSync(path).size).to.equal(size)
  })
})
