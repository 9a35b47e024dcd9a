import { destination, type Logger, pino } from 'pino'

/** How long a line may wait to be written with others, in milliseconds. */
const FLUSH_INTERVAL = 100
/** Bytes that are written at once, where so many wait. */
const CHUNK = 4_096
/** Bytes that wait while nobody reads standard output; lines beyond them are dropped. */
const MAX_WAITING = 16 * 1024 * 1024

/**
 * The service's log: JSON lines on standard output. They are written some at once, because each write is a call of the
 * system's, and a token has two lines; what waits is written when the process ends, unless it is killed.
 */
export function createLogger(): Logger {
  return pino(destination({ sync: false, minLength: CHUNK, periodicFlush: FLUSH_INTERVAL, maxLength: MAX_WAITING }))
}
