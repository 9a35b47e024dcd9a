import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { StoreUnavailableError } from '../../lib/errors.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { random } from '../support/random.js'
import { THING_KIND, type Thing, thing } from './kinds.js'
import { Operator } from './operate.js'

const DAMAGED = 'ERR_STORE_UNAVAILABLE the data file is damaged'
/** Where a meta page, and any page, holds what it holds. */
const META = {
  magic: 24,
  version: 28,
  pageSize: 48,
  mainFlags: 100,
  mainDepth: 102,
  entries: 128,
  root: 136,
  lastPage: 144,
  transaction: 152,
}
const HEADER = { size: 24, number: 0, transaction: 8, flags: 18, lower: 20, upper: 22 }

/** A whole file, to be damaged. */
class Sample {
  readonly bytes: Buffer
  readonly pageSize: number
  /** Where the meta page of the newest transaction begins, and the one of the transaction before. */
  readonly newest: number
  readonly older: number

  constructor(bytes: Buffer) {
    this.bytes = Buffer.from(bytes)
    this.pageSize = bytes.readUInt32LE(META.pageSize)
    const isOdd = bytes.readBigUInt64LE(this.pageSize + META.transaction) > bytes.readBigUInt64LE(META.transaction)
    this.newest = isOdd ? this.pageSize : 0
    this.older = this.pageSize - this.newest
  }

  /** Where the root of the records' tree begins, a branch. */
  get root(): number {
    return Number(this.bytes.readBigUInt64LE(this.newest + META.root)) * this.pageSize
  }

  /** The bytes that are used; the room behind them is there for what comes. */
  get used(): number {
    return (Number(this.bytes.readBigUInt64LE(this.newest + META.lastPage)) + 1) * this.pageSize
  }

  /** Where the offset of its first node stands, and where that node begins. */
  get offset(): number {
    return this.root + HEADER.size
  }

  get node(): number {
    return this.root + HEADER.size + this.bytes.readUInt16LE(this.offset)
  }

  write(bits: 16 | 32 | 64, at: number, value: number): void {
    if (bits === 16) this.bytes.writeUInt16LE(value, at)
    else if (bits === 32) this.bytes.writeUInt32LE(value, at)
    else this.bytes.writeBigUInt64LE(BigInt(value), at)
  }
}

describe('embedded store: the data file', () => {
  let base: string
  let healthy: Buffer
  let operator: Operator

  before(async () => {
    base = mkdtempSync(join(tmpdir(), 'scopegate-test-'))
    const folder = join(base, 'healthy')
    const store = embeddedStore(folder)
    const things = await store.collection(THING_KIND)
    for (let i = 0; i < 100; i++) await things.insert(thing(`a${i}`, { name: `n${i}`, tags: ['x'], note: noteOf(i) }))
    for (let i = 0; i < 100; i += 5) await things.remove('acme', `a${i}`)
    await store.close()
    healthy = readFileSync(join(folder, 'data.mdb'))
    operator = new Operator()
  })
  after(async () => {
    await operator.kill()
    rmSync(base, { recursive: true, force: true })
  })

  const noteOf = (i: number): string => 'x'.repeat(i % 10 === 0 ? 9000 : i)
  let folders = 0
  function folderWith(content: Buffer): string {
    const folder = join(base, `folder-${folders++}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'data.mdb'), content)
    return folder
  }

  async function isRefused(content: Buffer): Promise<void> {
    const folder = folderWith(content)
    expect(await operator.do(folder, 'open')).to.equal(DAMAGED)
    expect(readFileSync(join(folder, 'data.mdb')).equals(content), 'it stays as it was').to.equal(true)
    expect(operator.isAlive).to.equal(true)
  }

  const contents: { description: string; content: (sample: Sample) => Buffer }[] = [
    { description: 'zeros', content: ({ bytes }) => Buffer.alloc(bytes.length) },
    { description: 'random bytes', content: ({ bytes }) => randomBytes(bytes.length) },
    { description: 'a text', content: () => Buffer.from('It is a text.\n'.repeat(2000)) },
    { description: 'a short text', content: () => Buffer.from('text') },
    { description: 'one byte', content: () => Buffer.alloc(1) },
    { description: 'zeros in its first page', content: ({ bytes, pageSize }) => bytes.fill(0, 0, pageSize) },
    {
      description: 'zeros in its second page',
      content: ({ bytes, pageSize }) => bytes.fill(0, pageSize, 2 * pageSize),
    },
    { description: 'zeros after its meta pages', content: ({ bytes, pageSize }) => bytes.fill(0, 2 * pageSize) },
    {
      description: 'random bytes after its meta pages',
      content: ({ bytes, pageSize }) =>
        Buffer.concat([bytes.subarray(0, 2 * pageSize), randomBytes(bytes.length - 2 * pageSize)]),
    },
    {
      description: 'its meta pages exchanged',
      content: ({ bytes, pageSize: size }) =>
        Buffer.concat([bytes.subarray(size, 2 * size), bytes.subarray(0, size), bytes.subarray(2 * size)]),
    },
    { description: 'half of what is used', content: ({ bytes, used }) => bytes.subarray(0, used / 2) },
    { description: 'its root cut off', content: ({ bytes, root }) => bytes.subarray(0, root) },
    { description: 'its root cut through', content: ({ bytes, root }) => bytes.subarray(0, root + 100) },
    ...[24, 100, 167].map(size => ({
      description: `its first ${size} bytes`,
      content: ({ bytes }: Sample) => bytes.subarray(0, size),
    })),
    ...[1, 2, 3].flatMap(pages =>
      [-1, 0, 1].map(more => ({
        description: `its first pages, ${pages}, and ${more} bytes`,
        content: ({ bytes, pageSize }: Sample) => bytes.subarray(0, pages * pageSize + more),
      })),
    ),
  ]
  for (const { description, content } of contents) {
    it(`is refused, and the process goes on: ${description}`, () => isRefused(content(new Sample(healthy))))
  }

  const changes: { description: string; bits: 16 | 32 | 64; at: (sample: Sample) => number; value: number }[] = [
    { description: 'another mark', bits: 32, at: ({ newest }) => newest + META.magic, value: 0xbeefc0df },
    { description: 'another mark before', bits: 32, at: ({ older }) => older + META.magic, value: 0xbeefc0df },
    ...[0, 1, 3, 999, 0x1_0002].flatMap(value => [
      { description: `version ${value}`, bits: 32 as const, at: ({ newest }: Sample) => newest + META.version, value },
      {
        description: `version ${value} before`,
        bits: 32 as const,
        at: ({ older }: Sample) => older + META.version,
        value,
      },
    ]),
    ...[0, 1, 511, 1024, 4095, 65_536, 0xffff_ffff].map(value => ({
      description: `pages of ${value} bytes`,
      bits: 32 as const,
      at: () => META.pageSize,
      value,
    })),
    { description: 'no last page', bits: 64, at: ({ newest }) => newest + META.lastPage, value: 0 },
    { description: 'a last page before its root', bits: 64, at: ({ newest }) => newest + META.lastPage, value: 2 },
    { description: 'a root in the meta pages', bits: 64, at: ({ newest }) => newest + META.root, value: 1 },
    { description: 'a root after its end', bits: 64, at: ({ newest }) => newest + META.root, value: 2 ** 40 },
    { description: 'a tree without an end', bits: 16, at: ({ newest }) => newest + META.mainDepth, value: 0xffff },
    { description: 'a tree one page deep', bits: 16, at: ({ newest }) => newest + META.mainDepth, value: 1 },
    { description: 'a tree that is not deep', bits: 16, at: ({ newest }) => newest + META.mainDepth, value: 0 },
    { description: 'keys with many values', bits: 16, at: ({ newest }) => newest + META.mainFlags, value: 4 },
    { description: 'another number of entries', bits: 64, at: ({ newest }) => newest + META.entries, value: 9999 },
    { description: 'the older one newer', bits: 64, at: ({ older }) => older + META.transaction, value: 2 ** 20 },
    {
      description: 'the newest one much newer',
      bits: 64,
      at: ({ newest }) => newest + META.transaction,
      value: 2 ** 20,
    },
    { description: 'a page of another number', bits: 64, at: ({ root }) => root + HEADER.number, value: 7777 },
    { description: 'a page of a later time', bits: 64, at: ({ root }) => root + HEADER.transaction, value: 2 ** 50 },
    ...[0, 2, 4, 8, 0x4001].map(value => ({
      description: `a page of kind ${value}`,
      bits: 16 as const,
      at: ({ root }: Sample) => root + HEADER.flags,
      value,
    })),
    { description: 'too many nodes', bits: 16, at: ({ root }) => root + HEADER.lower, value: 0xfffe },
    { description: 'half a node', bits: 16, at: ({ root }) => root + HEADER.lower, value: 3 },
    { description: 'no nodes', bits: 16, at: ({ root }) => root + HEADER.lower, value: 0 },
    { description: 'free room up to its end', bits: 16, at: ({ root }) => root + HEADER.upper, value: 0xffff },
    { description: 'free room up to the offsets', bits: 16, at: ({ root }) => root + HEADER.upper, value: 0 },
    { description: 'a node out of its page', bits: 16, at: ({ offset }) => offset, value: 0xffff },
    { description: 'a node among the offsets', bits: 16, at: ({ offset }) => offset, value: 0 },
    { description: 'a key without an end', bits: 16, at: ({ node }) => node + 6, value: 0xffff },
    { description: 'a branch into the meta pages', bits: 32, at: ({ node }) => node, value: 0 },
    { description: 'a branch out of the file', bits: 32, at: ({ node }) => node, value: 0xffff_ffff },
  ]
  for (const { description, bits, at, value } of changes) {
    it(`is refused, and the process goes on: ${description}`, async () => {
      const sample = new Sample(healthy)
      sample.write(bits, at(sample), value)
      await isRefused(sample.bytes)
    })
  }

  const structures: { description: string; damage: (sample: Sample) => void }[] = [
    {
      description: 'one time twice',
      damage: sample =>
        sample.write(
          64,
          sample.older + META.transaction,
          Number(sample.bytes.readBigUInt64LE(sample.newest + META.transaction)),
        ),
    },
    {
      description: 'a node one step further',
      damage: sample => sample.write(16, sample.offset, sample.bytes.readUInt16LE(sample.offset) + 2),
    },
    {
      description: 'two nodes at one place',
      damage: sample => sample.write(16, sample.offset + 2, sample.bytes.readUInt16LE(sample.offset)),
    },
    {
      description: 'a branch that leads to itself',
      damage: sample => sample.write(32, sample.node, sample.root / sample.pageSize),
    },
    {
      description: 'nodes out of order',
      damage(sample) {
        const [first, second] = [sample.offset + 2, sample.offset + 4].map(at => sample.bytes.readUInt16LE(at))
        sample.write(16, sample.offset + 2, second ?? 0)
        sample.write(16, sample.offset + 4, first ?? 0)
      },
    },
  ]
  for (const { description, damage } of structures) {
    it(`is refused, and the process goes on: ${description}`, async () => {
      const sample = new Sample(healthy)
      damage(sample)
      await isRefused(sample.bytes)
    })
  }

  it('is refused where it is a folder', async () => {
    const folder = join(base, 'of-folders')
    mkdirSync(join(folder, 'data.mdb'), { recursive: true })
    expect(await operator.do(folder, 'open')).to.equal(DAMAGED)
  })

  it('says what is wrong in the cause, and opens once a whole file is there', async () => {
    const folder = folderWith(Buffer.alloc(20_000))
    const store = embeddedStore(folder, { onWarning: () => {} })
    const error = await store.ping().catch((caught: unknown) => caught)
    expect(error).to.be.instanceOf(StoreUnavailableError)
    expect((error as { cause: Error }).cause.message).to.equal('meta page 0 has another mark')
    writeFileSync(join(folder, 'data.mdb'), healthy)
    expect(await (await store.collection(THING_KIND)).get('acme', 'a1')).not.to.equal(null)
    await store.close()
  })

  it('never ends the process, wherever bytes are changed: refused, or read as far as it goes (500 files)', async () => {
    const folder = folderWith(Buffer.alloc(0))
    const seed = Date.now() % 2 ** 31
    const next = random(seed)
    let refused = 0
    for (let i = 0; i < 500; i++) {
      const bytes = Buffer.from(healthy)
      for (let change = 0; change <= i % 3; change++) bytes[next(bytes.length)] = next(256)
      writeFileSync(join(folder, 'data.mdb'), bytes)
      if ((await operator.do(folder, 'open')) === DAMAGED) refused++
      else await operator.do(folder, 'list')
      await operator.do(folder, 'close')
      expect(operator.isAlive, `file ${i} of seed ${seed}`).to.equal(true)
    }
    expect(refused).to.be.within(1, 499)
  })

  const fresh = [
    { description: 'absent', prepare: (folder: string) => rmSync(join(folder, 'data.mdb')) },
    { description: 'empty', prepare: () => {} },
    { description: 'empty, and another start was stopped half-way', prepare: leaveDraft },
  ]
  function leaveDraft(folder: string): void {
    writeFileSync(join(folder, 'data.mdb.new'), healthy.subarray(0, 4096))
    writeFileSync(join(folder, 'data.mdb.new-lock'), randomBytes(100))
    writeFileSync(join(folder, 'data.mdb-lock'), randomBytes(100))
  }
  for (const { description, prepare } of fresh) {
    it(`is made where it is ${description}`, async () => {
      const folder = folderWith(Buffer.alloc(0))
      prepare(folder)
      expect(await operator.do(folder, 'insert a')).to.equal('ok')
      expect(await operator.do(folder, 'close')).to.equal('ok')
      expect(await operator.do(folder, 'get a')).to.equal('ok')
    })
  }

  it('passes where its last pages are free and were never written', async () => {
    const folder = join(base, 'short')
    const store = embeddedStore(folder)
    const things = await store.collection(THING_KIND)
    const data = join(folder, 'data.mdb')
    const sample = (): Sample => new Sample(readFileSync(data))
    const isUnwritten = ({ bytes, used, pageSize }: Sample): boolean =>
      bytes.subarray(used - pageSize, used).every(byte => byte === 0)
    // A record that is written and removed in one transaction takes pages that stay unwritten.
    const passing = thing('passing', { note: 'x'.repeat(50_000) })
    for (let i = 0; i < 100 && (i === 0 || !isUnwritten(sample())); i++) {
      await Promise.all([things.insert(passing), things.remove('acme', passing.id), things.insert(thing(`a${i}`))])
    }
    expect(isUnwritten(sample())).to.equal(true)
    await store.close()
    // An earlier version made no room for what was not written.
    const { used, pageSize } = sample()
    truncateSync(data, used - pageSize)
    cpSync(folder, join(base, 'short-copy'), { recursive: true })
    expect(await operator.do(join(base, 'short-copy'), 'get a0')).to.equal('ok')
  })

  it('passes with records of every size, written and removed in every order', async () => {
    const folder = join(base, 'churned')
    const present = new Map<string, Thing>()
    const seed = Date.now() % 2 ** 31
    const next = random(seed)
    for (let time = 0; time < 10; time++) {
      const store = embeddedStore(folder)
      const things = await store.collection(THING_KIND)
      for (const [id, record] of present) expect(await things.get('acme', id), `seed ${seed}`).to.deep.equal(record)
      for (let i = 0; i < 60; i++) {
        const id = `c${next(80)}`
        if (present.delete(id)) await things.remove('acme', id)
        else present.set(id, await things.insert(thing(id, { name: id, note: 'x'.repeat(next(20_000)) })))
      }
      await store.close()
    }
  })

  it('is refused when it is cut while nobody has it open', async () => {
    const folder = folderWith(healthy)
    expect(await operator.do(folder, 'get a1')).to.equal('ok')
    expect(await operator.do(folder, 'close')).to.equal('ok')
    truncateSync(join(folder, 'data.mdb'), healthy.length / 4)
    expect(await operator.do(folder, 'get a1')).to.equal(DAMAGED)
  })
})
