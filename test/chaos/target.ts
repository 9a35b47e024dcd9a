import { Agent } from 'node:http'
import { Command } from '../support/command.js'
import type { Unanswered } from './http.js'

/** A time during which connections may break: from a signal until the process listens again. */
interface Outage {
  signal: 'SIGKILL' | 'SIGTERM'
  from: number
  to: number
}

/** One process, `scopegate serve` unless another command is given, that is ended and started again on the same port. */
export class Target {
  readonly name: string
  readonly url: string
  readonly agent = new Agent({ keepAlive: true })
  /** Whether new requests are sent to it. */
  accepts = false
  command: Command | undefined
  readonly #env: Record<string, string>
  readonly #program: readonly string[] | undefined
  readonly #outages: Outage[] = []
  readonly #faults = new Set<string>()

  constructor(name: string, port: number, env: Record<string, string>, program?: readonly string[]) {
    this.name = name
    this.url = `http://127.0.0.1:${port}`
    this.#env = { PORT: `${port}`, ...env }
    this.#program = program
  }

  async start(): Promise<void> {
    this.command = this.#program ? new Command(this.#env, [], [...this.#program]) : new Command(this.#env)
    await this.command.address()
    const last = this.#outages.at(-1)
    if (last !== undefined) last.to = performance.now()
    this.accepts = true
  }

  /** @returns its exit code; null: it was killed */
  async end(signal: Outage['signal']): Promise<number | null> {
    this.accepts = false
    this.#outages.push({ signal, from: performance.now(), to: Number.POSITIVE_INFINITY })
    const { code } = (await this.command?.stop(signal)) ?? { code: null }
    this.#readFaults()
    this.command = undefined
    return code
  }

  /**
   * May a request have failed so? Of a killed process, any that met its death. After SIGTERM what was sent before is
   * answered: one that was on its way later may find nobody.
   */
  excuses({ sentAt }: Unanswered, begun: number): boolean {
    const ended = performance.now()
    return this.#outages.some(({ signal, from, to }) => {
      if (ended < from || begun > to) return false
      return signal === 'SIGKILL' || sentAt === undefined || sentAt >= from
    })
  }

  /** When its last signal came, for the report. */
  get lastOutage(): string {
    const { signal, from, to } = this.#outages.at(-1) ?? { signal: 'none', from: 0, to: 0 }
    return `${signal} at ${Math.round(from)}, listening again at ${Math.round(to)}`
  }

  /** What its log says of answers that were 500: by what, without the time. */
  get faults(): string[] {
    this.#readFaults()
    return [...this.#faults]
  }

  #readFaults(): void {
    for (const line of this.command?.stdout.split('\n') ?? []) {
      const [, fault] = /("event":"server\.error".*)/.exec(line) ?? []
      if (fault !== undefined && !fault.includes('ERR_STORE_UNAVAILABLE')) this.#faults.add(`${this.name}: ${fault}`)
    }
  }

  destroy(): void {
    this.command?.child.kill('SIGKILL')
    this.agent.destroy()
  }
}
