import { OutputClosed, Refusal } from '../faults.js'
import type { Output } from '../io.js'

/**
 * Writes a text and waits until there is room for more.
 * @throws OutputClosed nobody reads any more (EPIPE)
 */
export function write(output: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const isClosed = error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'
      reject(isClosed ? new OutputClosed() : new Refusal(`the output cannot be written: ${error.code ?? error.name}`))
    }
    output.write(text, error => (error ? fail(error) : resolve()))
  })
}

/** A line for a person, on standard error: standard output is for what was asked for. */
export async function tell({ stderr }: { stderr: Output }, line: string): Promise<void> {
  await write(stderr, `${line}\n`)
}
