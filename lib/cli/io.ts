import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../clock.js'

/** A stream to write to; a terminal says so, and how wide it is. */
export type Output = Writable & { isTTY?: boolean; columns?: number }

/** A stream to read from; a terminal says so. */
export type Input = Readable & { isTTY?: boolean }

/** Everything outside that a command sees. */
export interface Io {
  env: Readonly<Record<string, string | undefined>>
  stdin: Input
  stdout: Output
  stderr: Output
  fetch: typeof fetch
  clock: Clock
}
