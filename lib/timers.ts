import * as timers from 'node:timers'

/** Those of the process, taken when this is loaded: fake timers of a test neither stop ours nor stand in for them. */
export const { clearTimeout, setImmediate, setTimeout } = timers

/** Calls back after these milliseconds, and keeps no process alive for it. @returns calls it off */
export function after(milliseconds: number, run: () => void): () => void {
  const timer = setTimeout(run, milliseconds).unref()
  return () => clearTimeout(timer)
}
