import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireCommand } from './require-command.js'

const MEGABYTE = 1024 * 1024
const BLOCK = 4096
const SIZE = 16 * MEGABYTE
/** Where the journal may stand, in megabytes, 4 of them. Whatever else is the file system's own stands before the first. */
const JOURNAL = { first: 1, last: 12 }
const MOUNT = 'mount -o loop,errors=remount-ro "$0" "$1"'
const RESIZE = 'losetup --set-capacity "$(losetup --noheadings --output NAME --associated "$0")"'

/**
 * A disk with ext4 in a file, which is made to fail as disks do. Only the process that is started `through` it sees it, and
 * root alone can make one.
 */
export class FailingDisk {
  readonly through: readonly string[]
  /** Where a data folder belongs. */
  readonly path: string
  readonly #image: string
  readonly #journal: number
  /** What cannot be reached now. */
  #lost = Buffer.alloc(0)

  /** @param base an empty folder */
  constructor(base: string, { journal = 'first' }: { journal?: keyof typeof JOURNAL } = {}) {
    this.path = join(base, 'disk')
    this.#image = join(base, 'disk.image')
    this.#journal = JOURNAL[journal]
    this.through = ['unshare', '--mount', 'sh', '-c', `${MOUNT} && shift && exec "$@"`, this.#image, this.path]
    mkdirSync(this.path)
    writeFileSync(this.#image, '')
    truncateSync(this.#image, SIZE)
    const options = ['-q', '-F', '-b', `${BLOCK}`, '-N', '64', '-J', `size=4,location=${this.#journal}M`]
    execFileSync('mkfs.ext4', [...options, this.#image], { stdio: 'ignore' })
  }

  /** As the system does it after a fault: from now on nothing can be written, by open files either. */
  becomeReadOnly(pid: number): void {
    this.#run(pid, 'mount', '-o', 'remount,abort', this.path)
  }

  /** From now on the file system cannot write its journal. */
  loseJournal(pid: number): void {
    this.#lose(pid, this.#journal * MEGABYTE)
  }

  /** From now on writes fail behind the last block of the journal and of the files in a folder. */
  loseRoom(pid: number, folder: string): void {
    const extents = this.#run(pid, 'sh', '-c', 'sync "$0" && filefrag -v "$0"/*', folder)
    const ends = [...extents.matchAll(/^ *\d+: +\d+\.\. *\d+: +\d+\.\. *(\d+):/gm)].map(([, end]) => Number(end))
    this.#lose(pid, Math.max((this.#journal + 4) * MEGABYTE, ...ends.map(end => (end + 1) * BLOCK)))
  }

  /** All of it can be reached again. */
  heal(pid: number): void {
    appendFileSync(this.#image, this.#lost)
    this.#run(pid, 'sh', '-c', RESIZE, this.#image)
  }

  /** Resolves once nobody has the disk: what is in memory alone is gone. Who is started next sees what is on it. */
  async leave(): Promise<void> {
    const devices = (): string => execFileSync('losetup', ['--associated', this.#image], { encoding: 'utf8' })
    while (devices() !== '') await new Promise(setImmediate)
  }

  /** Whatever stands behind cannot be reached. */
  #lose(pid: number, end: number): void {
    this.#lost = readFileSync(this.#image).subarray(end)
    truncateSync(this.#image, end)
    this.#run(pid, 'sh', '-c', RESIZE, this.#image)
  }

  #run(pid: number, ...command: readonly string[]): string {
    return execFileSync('nsenter', ['--target', `${pid}`, '--mount', ...command], { encoding: 'utf8' })
  }
}

/** Skips a suite where no such disk can be made: a container needs loop devices for it. */
export function requireFailingDisk(context: Mocha.Context): void {
  requireCommand(context, ['mkfs.ext4', '-V'], true)
  requireCommand(context, ['filefrag', '-V'], true)
  const base = mkdtempSync(join(tmpdir(), 'scopegate-test-'))
  try {
    requireCommand(context, [...new FailingDisk(base).through, 'true'], true)
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}
