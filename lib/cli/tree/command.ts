import { Command, type ErrorOptions } from 'commander'
import { UsageError } from '../faults.js'

/** The help was asked for and shown. */
export class HelpShown extends Error {
  constructor() {
    super('the help is shown')
    this.name = 'HelpShown'
  }
}

/** A command of the tree. What is wrong with its arguments is one line with a hint, and never repeats a value. */
export class CliCommand extends Command {
  /** In place of every other text about wrong arguments. */
  fault: string | undefined

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name)
  }

  /** `scopegate apis list`. */
  get path(): string {
    const parent = this.parent as CliCommand | null
    return parent === null ? this.name() : `${parent.path} ${this.name()}`
  }

  override error(message: string, { code = '' }: ErrorOptions = {}): never {
    throw new UsageError(this.fault ?? `${this.#describe(message, code)}; try ${this.path} --help`)
  }

  /** The library quotes what it does not know, which may be a secret in the wrong place: only names are repeated. */
  #describe(message: string, code: string): string {
    const [, kind = '', quoted = ''] = /^error: (unknown (?:option|command)) '([^']*)'/.exec(message) ?? []
    if (kind !== '') {
      const [name = ''] = quoted.split('=', 1)
      const what = this.parent === null ? 'unknown command or option' : kind
      const suggestion = /\(Did you mean (.+\?)\)/.exec(message)?.[1]
      return `${what}${/^-{0,2}[a-z][a-z-]{0,30}$/i.test(name) ? ` ${name}` : ''}${suggestion === undefined ? '' : `; did you mean ${suggestion}`}`
    }
    if (code === 'commander.excessArguments') return 'too many arguments'
    return message
      .replace(/^error: command-argument value '.*' is invalid for argument/s, 'wrong value of')
      .replace(/^error: |\.$/g, '')
  }

  override help(): never {
    this.error('error: name a command', { code: 'commander.help' })
  }
}
