import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { embeddedStore, type StoreWarning } from '../../lib/store/embedded/index.js'
import { THING_KIND, thing } from './kinds.js'

const FILES = ['data.mdb', 'data.mdb-lock', 'owner.lock']

/** The permissions, in octal. */
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8)

describe('embedded store: who may read it', () => {
  let base: string
  let folder: string
  let umask: number
  let warnings: StoreWarning[]

  before(function onlyWithModes() {
    if (process.platform === 'win32') this.skip()
  })
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'scopegate-test-'))
    folder = join(base, 'above', 'data')
    umask = process.umask()
    warnings = []
  })
  afterEach(() => {
    process.umask(umask)
    rmSync(base, { recursive: true, force: true })
  })

  const onWarning = (warning: StoreWarning): void => void warnings.push(warning)

  /** Opens, writes and closes a store. */
  async function use(path: string): Promise<void> {
    const store = embeddedStore(path, { onWarning })
    await (await store.collection(THING_KIND)).insert(thing(`a${Math.random()}`))
    await store.close()
  }

  for (const mask of [0o000, 0o022, 0o027, 0o077, 0o277, 0o777]) {
    it(`is its user alone, whatever the umask: ${mask.toString(8)}`, async () => {
      process.umask(mask)
      await use(folder)
      for (const path of [dirname(folder), folder]) expect(modeOf(path), path).to.equal('700')
      expect(readdirSync(folder).sort()).to.deep.equal(FILES)
      for (const name of FILES) expect(modeOf(join(folder, name)), name).to.equal('600')
      await use(folder)
      expect(warnings).to.deep.equal([])
    })
  }

  it('makes its files for its user alone in a folder that others can read', async () => {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    process.umask(0)
    await use(folder)
    for (const name of FILES) expect(modeOf(join(folder, name)), name).to.equal('600')
    expect(modeOf(folder)).to.equal('755')
    expect(warnings).to.deep.equal([{ code: 'exposed', path: folder, mode: '0755' }])
  })

  const exposed: { description: string; name: string; mode: number; said: string | undefined }[] = [
    { description: 'a folder that others may read', name: '', mode: 0o755, said: '0755' },
    { description: 'a folder that others may pass', name: '', mode: 0o701, said: '0701' },
    { description: 'a folder that the group may write', name: '', mode: 0o2770, said: '2770' },
    { description: 'a folder of its user', name: '', mode: 0o700, said: undefined },
    { description: 'a folder that its user alone may read', name: '', mode: 0o1700, said: undefined },
    { description: 'a data file that others may read', name: 'data.mdb', mode: 0o644, said: '0644' },
    { description: 'a data file that the group may read', name: 'data.mdb', mode: 0o640, said: '0640' },
    { description: 'a data file that others may write', name: 'data.mdb', mode: 0o602, said: '0602' },
    { description: 'a data file that its user alone may use', name: 'data.mdb', mode: 0o700, said: undefined },
    { description: 'an owner file that others may lock', name: 'owner.lock', mode: 0o666, said: '0666' },
  ]
  for (const { description, name, mode, said } of exposed) {
    it(`leaves ${description} as it is, and ${said === undefined ? 'says nothing' : 'says so at each start'}`, async () => {
      await use(folder)
      const path = join(folder, name)
      chmodSync(path, mode)
      for (let time = 1; time <= 2; time++) {
        await use(folder)
        expect(warnings).to.deep.equal(
          said === undefined ? [] : Array(time).fill({ code: 'exposed', path: path.replace(/\/$/, ''), mode: said }),
        )
      }
      expect(modeOf(path)).to.equal(mode.toString(8))
    })
  }

  it("makes LMDB's lock file anew, whoever could read the one before", async () => {
    await use(folder)
    chmodSync(join(folder, 'data.mdb-lock'), 0o666)
    await use(folder)
    expect(modeOf(join(folder, 'data.mdb-lock'))).to.equal('600')
    expect(warnings).to.deep.equal([])
  })

  it('takes the place of an empty data file that others could read', async () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, 'data.mdb'), '', { mode: 0o644 })
    await use(folder)
    expect(modeOf(join(folder, 'data.mdb'))).to.equal('600')
  })

  it('keeps what is for the memory alone in a folder of its user', async () => {
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = base
    process.umask(0)
    try {
      const store = embeddedStore(':memory:', { onWarning })
      await (await store.collection(THING_KIND)).insert(thing('a'))
      const [name = ''] = readdirSync(base)
      expect(modeOf(join(base, name))).to.equal('700')
      for (const file of readdirSync(join(base, name))) expect(modeOf(join(base, name, file)), file).to.equal('600')
      await store.close()
      expect(readdirSync(base)).to.deep.equal([])
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
  })

  it('warns the process where nobody else is told', async () => {
    await use(folder)
    chmodSync(folder, 0o750)
    const warned = new Promise<Error & { code?: string }>(resolve => process.once('warning', resolve))
    const store = embeddedStore(folder)
    await store.ping()
    await store.close()
    const { name, code, message } = await warned
    expect({ name, code }).to.deep.equal({ name: 'ScopegateWarning', code: 'SCOPEGATE_EXPOSED' })
    expect(message).to.include(folder).and.to.include('0750')
  })

  it('opens although the listener throws', async () => {
    await use(folder)
    chmodSync(folder, 0o750)
    const store = embeddedStore(folder, {
      onWarning() {
        throw new Error('a fault of the host')
      },
    })
    await store.ping()
    await store.close()
  })

  for (const listener of [null, 'log', {}]) {
    it(`refuses ${JSON.stringify(listener)} as a listener`, () => {
      expect(() => embeddedStore(folder, { onWarning: listener as unknown as () => void }))
        .to.throw(TypeError, 'onWarning')
        .with.property('code', 'ERR_INVALID_ARG_TYPE')
    })
  }
})
