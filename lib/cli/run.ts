import type { Io } from './io.js'
import { printable } from './output/printable.js'
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
    const { code, line } = explain(error)
    if (line !== undefined) io.stderr.write(`scopegate: ${printable(line)}\n`)
    return code
  }
}

/**
 * The exit code, and the line for a person. Faults are known by their names, as a loader may have made two copies of their
 * module. What an error of another kind says may hold anything: only its name and code are shown.
 */
function explain(error: unknown): { code: number; line?: string } {
  const { name, code, message }: { name?: unknown; code?: unknown; message?: unknown } = Object(error)
  switch (name) {
    case 'HelpShown':
    case 'OutputClosed':
      return { code: 0 }
    case 'Negative':
      return { code: 1 }
    case 'Refusal':
      return { code: 1, line: String(message) }
    case 'UsageError':
      return { code: 2, line: String(message) }
    default:
      return {
        code: 1,
        line: `an unexpected fault: ${[name, code].filter(part => typeof part === 'string').join(' ')}`,
      }
  }
}
