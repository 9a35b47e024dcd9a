import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./operator.ts', import.meta.url))

/** A process that does to embedded stores what it is told. */
export class Operator {
  readonly child: ChildProcess
  readonly #depth: number
  readonly #waiting = new Map<number, (outcome: string) => void>()
  readonly #ended: Promise<void>
  #number = 0

  /** @param through a command that runs the process: `unshare …` */
  constructor(through: readonly string[] = []) {
    const [command = '', ...args] = [...through, process.execPath, '--import', 'tsx', PROGRAM]
    this.#depth = through.filter(word => word === '--fork').length
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#ended = once(this.child, 'exit').then(() => this.#answerAll())
    this.child.stdin?.on('error', () => {})
    if (this.child.stdout !== null) createInterface({ input: this.child.stdout }).on('line', line => this.#hear(line))
  }

  /** Does one command. @returns `ok`, `absent`, an error's code and message, or `dead` */
  do(folder: string, command: string): Promise<string> {
    const number = ++this.#number
    return new Promise(resolve => {
      if (!this.isAlive) return resolve('dead')
      this.#waiting.set(number, resolve)
      this.child.stdin?.write(`${number} ${folder} ${command}\n`)
    })
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** The process itself, also where `unshare --fork` runs it. */
  get innermost(): number {
    let { pid = 0 } = this.child
    for (let i = 0; i < this.#depth; i++)
      pid = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])
    return pid
  }

  /** Ends it at once; resolves when the system has taken back what it held. */
  async kill(): Promise<void> {
    if (!this.isAlive) return
    process.kill(this.innermost, 'SIGKILL')
    await this.#ended
  }

  #hear(line: string): void {
    const [number = '', ...outcome] = line.split(' ')
    this.#waiting.get(Number(number))?.(outcome.join(' '))
    this.#waiting.delete(Number(number))
  }

  #answerAll(): void {
    for (const answer of this.#waiting.values()) answer('dead')
    this.#waiting.clear()
  }
}

/** Options of `unshare` that let anyone use it. */
export const asRoot: readonly string[] = process.getuid?.() === 0 ? [] : ['--map-root-user']
