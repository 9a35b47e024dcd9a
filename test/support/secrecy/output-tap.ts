import type { Ledger } from './ledger.js'
import { textOf } from './lines.js'

/**
 * Sees what this process writes.
 * @param titles those of the test that runs: the reporter shows them, and a title may name the value that a test gives
 */
export function tapOutput(ledger: Ledger, titles: () => readonly string[]): void {
  watch(process.stdout, text => ledger.logged('standard output', without(titles(), text)))
  watch(process.stderr, text => ledger.logged('standard error', text))
}

/** Writes what was seen already. */
export function writeUnseen(stream: NodeJS.WriteStream, chunk: unknown): void {
  const { write } = Object.getPrototypeOf(stream) as NodeJS.WriteStream
  Reflect.apply(write, stream, [chunk])
}

function without(titles: readonly string[], text: string): string {
  return titles.reduce((rest, title) => rest.replaceAll(title, ''), text)
}

function watch(stream: NodeJS.WriteStream, tell: (text: string) => void): void {
  const { write } = stream
  stream.write = ((...call: unknown[]) => {
    tell(textOf(call[0]))
    return Reflect.apply(write, stream, call)
  }) as typeof write
}
