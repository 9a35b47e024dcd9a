import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { asRoot } from '../store/operate.js'
import { Command, MAIN } from '../support/command.js'
import { FailingDisk, requireFailingDisk } from '../support/failing-disk.js'
import { requireCommand } from '../support/require-command.js'
import { Tour } from '../support/tour.js'

const MANAGER = {
  account: 'default',
  issuer: '',
  clientId: 'admin',
  clientSecret: 'a-secret-of-the-environment-of-tests',
}
const ENV = {
  PORT: '0',
  MANAGEMENT_CLIENT_ID: MANAGER.clientId,
  MANAGEMENT_CLIENT_SECRET: MANAGER.clientSecret,
}

/** What runs the command line, by another command. */
const through = (command: readonly string[]): string[] => [...command, process.execPath, '--import', 'tsx', MAIN]

describe('scopegate serve: a disk that is read-only', () => {
  let base: string

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'scopegate-cli-'))
  })
  afterEach(() => rmSync(base, { recursive: true, force: true }))

  describe('before it starts', () => {
    const readOnly = (folder: string): string[] => {
      const script = 'mount --bind -o ro "$0" "$0" && exec "$@"'
      return ['unshare', ...asRoot, '--mount', 'sh', '-c', script, folder]
    }
    before(function prepare() {
      requireCommand(this, [...readOnly(tmpdir()), 'true'], true)
    })

    const starts = [
      { description: 'an empty folder', place: 'data', args: ['serve'] },
      { description: 'no folder', place: 'none', args: ['serve'] },
      { description: 'a folder that was used', place: 'used', args: ['serve'] },
      { description: 'a reset', place: 'used', args: ['serve', '--reset-management-client'] },
    ]
    for (const { description, place, args } of starts) {
      it(`is refused with the reason in one line: ${description}`, async () => {
        mkdirSync(join(base, 'data'))
        const env = { ...ENV, DATA_DIR: join(base, place) }
        if (place === 'used') await used(env)
        const { code, stderr } = await new Command(env, args, through(readOnly(base))).ended()
        const line = `the data folder cannot be used (DATA_DIR, ${env.DATA_DIR}): read-only file system`
        expect({ code, stderr }).to.deep.equal({ code: 1, stderr: `scopegate: ${line}\n` })
      })
    }

    async function used(env: Record<string, string>): Promise<void> {
      const command = new Command(env)
      await command.address()
      await command.stop()
    }
  })

  describe('from some moment on', () => {
    before(function prepare() {
      requireFailingDisk(this)
    })

    it('answers 503 to what it cannot write, says why, goes on with all else, and stops cleanly', async () => {
      const disk = new FailingDisk(base)
      const command = new Command({ ...ENV, DATA_DIR: join(disk.path, 'data') }, ['serve'], through(disk.through))
      const address = await command.address()
      const tour = new Tour(address)
      await tour.logIn(MANAGER)
      const create = (name: string): Promise<Response> =>
        tour.call('POST', '/apis', { name, identifier: `urn:test:${name}` })
      expect((await create('before')).status).to.equal(201)
      disk.becomeReadOnly(command.child.pid ?? 0)
      for (const answer of await Promise.all(['a', 'b', 'c'].map(create))) expect(answer.status).to.equal(503)
      expect((await create('d')).status).to.equal(503)
      expect((await tour.token({ id: MANAGER.clientId, secret: MANAGER.clientSecret })).status).to.equal(200)
      const { results } = (await (await tour.call('GET', '/apis')).json()) as { results: { identifier: string }[] }
      const made = results.map(({ identifier }) => identifier).filter(identifier => identifier.startsWith('urn:test:'))
      expect(made).to.deep.equal(['urn:test:before'])
      for (const path of ['/health', '/health/live', '/.well-known/jwks.json'])
        expect((await fetch(address + path)).status, path).to.equal(200)
      const { code, stdout } = await command.stop()
      expect(code).to.equal(0)
      expect(stdout).to.match(
        /"event":"server.error".*"code":"ERR_STORE_UNAVAILABLE","reason":"(read-only file system|i\/o error)"/,
      )
    })
  })
})
