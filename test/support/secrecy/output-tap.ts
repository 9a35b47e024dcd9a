import { withoutTitles } from './exceptions.js'
import type { Ledger } from './ledger.js'
import { textOf } from './lines.js'

/** Sees what this process writes. @param titles those of the test that runs */
export function tapOutput(ledger: Ledger, titles: () => readonly string[]): void {
  watch(process.stdout, text => ledger.logged('standard output', withoutTitles(titles(), text)))
  watch(process.stderr, text => ledger.logged('standard error', text))
}

/** Writes what was seen already. */
export function writeUnseen(stream: NodeJS.WriteStream, chunk: unknown): void {
  const { write } = Object.getPrototypeOf(stream) as NodeJS.WriteStream
  Reflect.apply(write, stream, [chunk])
}

function watch(stream: NodeJS.WriteStream, tell: (text: string) => void): void {
  const { write } = stream
  stream.write = ((...call: unknown[]) => {
    tell(textOf(call[0]))
    return Reflect.apply(write, stream, call)
  }) as typeof write
}
