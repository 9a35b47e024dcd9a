import { Negative, OutputClosed, Refusal, UsageError } from './faults.js'
import type { Io } from './io.js'
import { printable } from './output/printable.js'
import { HelpShown } from './tree/command.js'
import { createProgram } from './tree/program.js'
import { readVersion } from './version.js'

/**
 * Runs one command.
 * @param args without the interpreter and the file
 * @returns the exit code: 0, 1 refused or not found, 2 usage
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  // Who writes hears of an error by a callback; the event without a listener would end the process.
  for (const output of [io.stdout, io.stderr]) output.on('error', () => undefined)
  const [first = '--help'] = args
  if (args.length === 1 && (first === '--version' || first === '-v')) {
    io.stdout.write(`${readVersion()}\n`)
    return 0
  }
  try {
    await createProgram(io).parseAsync(args.length === 0 ? [first] : args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof OutputClosed || error instanceof HelpShown) return 0
    const [code, line] = explain(error)
    if (line !== undefined) io.stderr.write(`scopegate: ${printable(line)}\n`)
    return code
  }
}

/** Exit code, and the line for a person. What an error of another kind says may hold anything: only its name and code. */
function explain(error: unknown): [code: number, line?: string] {
  if (error instanceof UsageError) return [2, error.message]
  if (error instanceof Refusal) return [1, error.message]
  if (error instanceof Negative) return [1]
  const { name, code }: { name?: unknown; code?: unknown } = Object(error)
  return [1, `an unexpected fault: ${[name, code].filter(part => typeof part === 'string').join(' ')}`]
}
