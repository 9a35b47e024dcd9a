import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { Refusal, UsageError } from '../faults.js'
import type { Io } from '../io.js'
import { printable } from '../output/printable.js'

/** Is there a person to be asked? */
export function isInteractive({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>): boolean {
  return stdin.isTTY === true && stderr.isTTY === true
}

/** Asks a person, line by line. Questions are on standard error. */
export class Prompt {
  readonly #stderr: Io['stderr']
  readonly #interface: Interface
  readonly #lines: AsyncIterator<string>
  #isHidden = false

  constructor({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>) {
    this.#stderr = stderr
    const output = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#isHidden) stderr.write(chunk)
        done()
      },
    })
    this.#interface = createInterface({ input: stdin, output, terminal: true })
    this.#interface.on('SIGINT', () => this.#interface.close())
    // What is typed, or pasted, ahead of its question may be the secret.
    this.#interface.on('line', () => {
      this.#isHidden = true
    })
    this.#lines = this.#interface[Symbol.asyncIterator]()
  }

  /** @param isHidden what is typed is not shown. @throws Refusal the input ends */
  async ask(question: string, { isHidden = false } = {}): Promise<string> {
    this.#isHidden = isHidden
    this.#interface.setPrompt(isHidden ? '' : question)
    if (isHidden) this.#stderr.write(question)
    this.#interface.prompt()
    const { value, done } = await this.#lines.next()
    if (isHidden || done) this.#stderr.write('\n')
    if (done) throw new Refusal('nothing was entered')
    return String(value).trim()
  }

  close(): void {
    this.#interface.close()
  }
}

/**
 * Asks whether to go on.
 * @throws Refusal no; UsageError there is neither a terminal nor `--yes`
 */
export async function confirm(io: Io, { yes = false }: { yes?: boolean }, question: string): Promise<void> {
  if (yes) return
  assertConfirmable(io, { yes })
  const prompt = new Prompt(io)
  try {
    const answer = await prompt.ask(`${printable(question)} [y/N] `)
    if (!/^y(es)?$/i.test(answer)) throw new Refusal('nothing was done')
  } finally {
    prompt.close()
  }
}

/**
 * @param isInputTaken standard input is a file
 * @throws UsageError nobody can be asked
 */
export function assertConfirmable(io: Io, { yes = false }: { yes?: boolean }, isInputTaken = false): void {
  if (!yes && (isInputTaken || !isInteractive(io)))
    throw new UsageError('this deletes: give --yes where there is no terminal to ask')
}
