import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { StoreLockedError, StoreUnavailableError } from '../../lib/errors.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { createId } from '../../lib/store/ids.js'
import { APPENDED_KIND, NOON, THING_KIND, thing } from './kinds.js'

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url))

describe('embedded store', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scopegate-test-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A process that writes as fast as it can and prints each id once it is acknowledged; killed after `count` of them. */
  async function killWriterAfter(count: number): Promise<string[]> {
    const child = spawn(process.execPath, ['--import', 'tsx', WRITER, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const acknowledged: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line)
      if (acknowledged.length === count) child.kill('SIGKILL')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    return acknowledged
  }

  it('loses nothing that was acknowledged when the writer is killed, and opens again at once', async () => {
    for (const count of [1, 57, 2, 120, 3, 31, 1]) {
      const acknowledged = await killWriterAfter(count)
      expect(acknowledged.length).to.be.at.least(count)
      const store = embeddedStore(folder)
      const things = await store.collection(THING_KIND)
      for (const id of acknowledged) expect(await things.get('acme', id), id).not.to.equal(null)
      await store.close()
    }
  })

  it('is owned by one process, also against a second store in the same one', async () => {
    const store = embeddedStore(folder)
    await store.ping()
    const second = embeddedStore(folder)
    const error = await second.ping().catch((caught: unknown) => caught)
    expect(error).to.be.instanceOf(StoreLockedError)
    await second.close()
    await store.close()
    await embeddedStore(folder).ping()
  })

  it('keeps records when it is closed and opened again', async () => {
    const first = embeddedStore(folder)
    const written = await (await first.collection(THING_KIND)).insert(thing('a', { name: 'N' }))
    await first.close()
    const second = embeddedStore(folder)
    expect(await (await second.collection(THING_KIND)).get('acme', 'a')).to.deep.equal(written)
    await second.close()
  })

  it('says that a folder cannot be used, without the text of the system', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const error = await embeddedStore(join(file, 'below'))
      .ping()
      .catch((caught: unknown) => caught)
    expect(error).to.be.instanceOf(StoreUnavailableError)
    expect((error as Error).message).not.to.match(/E[A-Z]{3,}|\//)
  })

  it('keeps what is appended in a fraction of the room that other records take', async () => {
    const bytes: number[] = []
    for (const kind of [APPENDED_KIND, { ...THING_KIND, unique: [] }]) {
      const own = join(folder, kind.name)
      const store = embeddedStore(own)
      const things = await store.collection(kind)
      for (let batch = 0; batch < 100; batch++) {
        const at = batch * 100
        const records = Array.from({ length: 20 }, (_, i) =>
          thing(createId(kind.idPrefix, NOON + at + i), { size: i % 3, tags: ['x', `y${i % 4}`] }, at + i),
        )
        expect(await things.insertMany(records)).to.equal(20)
      }
      await store.close()
      bytes.push(statSync(join(own, 'data.mdb')).size)
    }
    const [appended = 0, others = 0] = bytes
    expect(others / appended).to.be.above(2)
  })

  it('appends behind a record that was removed, and doubles none', async () => {
    const store = embeddedStore(folder)
    const things = await store.collection(APPENDED_KIND)
    const records = Array.from({ length: 40 }, (_, at) => thing(createId(APPENDED_KIND.idPrefix, NOON + at), {}, at))
    for (const { id } of records.slice(0, 3)) {
      await things.insertMany(records.slice(0, 5))
      expect(await things.remove('acme', id)).to.equal(true)
    }
    await things.insertMany(records.slice(5))
    const { records: found } = await things.find('acme', { limit: 100 })
    expect(found.map(({ id }) => id)).to.deep.equal(
      found.map(({ id }) => id).filter((id, at, all) => all.indexOf(id) === at),
    )
    expect(new Set(found.map(({ id }) => id))).to.include.members(records.slice(3).map(({ id }) => id))
    await store.close()
  })

  for (const path of ['', undefined, 7]) {
    it(`refuses ${JSON.stringify(path)} as a folder`, () => {
      expect(() => embeddedStore(path as string))
        .to.throw(TypeError)
        .with.property('code', 'ERR_INVALID_ARG_TYPE')
    })
  }
})
