import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** The command line in a process of its own. */
export class Command {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #changed = new Set<() => void>()

  constructor(env: Record<string, string>, args = ['serve'], command = [process.execPath, '--import', 'tsx', MAIN]) {
    const [file = '', ...first] = command
    this.child = spawn(file, [...first, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.on('data', chunk => this.#add('stdout', chunk))
    this.child.stderr?.on('data', chunk => this.#add('stderr', chunk))
  }

  #add(name: 'stdout' | 'stderr', chunk: Buffer): void {
    this[name] += chunk
    for (const listener of this.#changed) listener()
  }

  /** The address, once it listens. */
  address(): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = /"address":"([^"]+)"/.exec(this.stdout)?.[1]
        if (found !== undefined) resolve(found)
      }
      this.#changed.add(look)
      this.child.once('exit', () => reject(new Error(this.stderr)))
      look()
    })
  }

  async ended(): Promise<Outcome> {
    if (this.child.exitCode === null) await once(this.child, 'close')
    return { code: this.child.exitCode, stdout: this.stdout, stderr: this.stderr }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    this.child.kill(signal)
    return this.ended()
  }
}
