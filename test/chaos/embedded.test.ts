import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { freePort } from '../support/mongo.js'
import { requireCommand } from '../support/require-command.js'
import { checkAll } from './checks.js'
import { rotateKeys } from './operations.js'
import { pause, picker, SECONDS, underLoad } from './run.js'
import { createWorld, ENVIRONMENT } from './setup.js'
import { Target } from './target.js'

describe('one process on the embedded store, while things break', function suite() {
  this.timeout(300_000 + SECONDS * 2_000)
  let folder: string
  let target: Target

  before(function prepare() {
    requireCommand(this, ['prlimit', '--pid', `${process.pid}`, '--fsize'])
    folder = mkdtempSync(join(tmpdir(), 'scopegate-chaos-'))
  })
  after(() => {
    target?.destroy()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  /** A file that may not grow: for the store the same as a disk without room. */
  const limit = (bytes: number | 'unlimited'): void => {
    execFileSync('prlimit', ['--pid', `${target.command?.child.pid}`, `--fsize=${bytes}:unlimited`])
  }

  it('loses nothing that was acknowledged, and answers as it may', async () => {
    const port = await freePort()
    const issuer = `http://localhost:${port}`
    target = new Target('only', port, { ...ENVIRONMENT, ISSUER: issuer, DATA_DIR: folder })
    await target.start()
    const world = await createWorld([target], issuer, picker())

    await underLoad(
      world,
      async measure => {
        await rotateKeys(world)
        world.isStoreAway = true
        limit(statSync(join(folder, 'data.mdb')).size)
        await pause(1_500)
        limit('unlimited')
        await measure('the disk has room')

        // The owner's death is the only thing that the next start waits for.
        await target.end('SIGKILL')
        await target.start()
        await measure('started after SIGKILL')

        expect(await target.end('SIGTERM'), 'the exit code after SIGTERM').to.equal(0)
        await target.start()
      },
      () => checkAll(world, target),
    )
    expect(await target.end('SIGTERM')).to.equal(0)
  })
})
