import type { Channel, Ledger } from './ledger.js'
import { Lines } from './lines.js'

/** Sees what this process writes, and warns of. @returns takes what is not ended by a line break yet */
export function tapOutput(ledger: Ledger): () => void {
  const outputs = [
    watch(process.stdout, 'standard output', ledger),
    watch(process.stderr, 'standard error', ledger),
  ]
  // Node writes these past `process.stderr`.
  process.on('warning', warning => ledger.logged('a warning', String(warning.stack)))
  return () => {
    for (const lines of outputs) lines.end()
  }
}

function watch(stream: NodeJS.WriteStream, channel: Channel, ledger: Ledger): Lines {
  const lines = new Lines(text => ledger.logged(channel, text))
  const { write } = stream
  stream.write = ((...call: unknown[]) => {
    lines.add(call[0])
    return Reflect.apply(write, stream, call)
  }) as typeof write
  return lines
}
