import { clearTimeout, setImmediate, setTimeout } from './timers.js'

/**
 * The outcome of what runs, or an error where there is none in time. What was given up goes on, and its outcome is nobody's.
 *
 * @param ms milliseconds
 * @param late makes the error
 */
export function within<R>(running: Promise<R>, ms: number, late: () => unknown): Promise<R> {
  return new Promise((resolve, reject) => {
    // An answer that has arrived is read before: a busy process comes late to its timers.
    const timer = setTimeout(() => setImmediate(() => reject(late())), ms)
    // A store of the host's own may give what is no promise.
    Promise.resolve(running)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
