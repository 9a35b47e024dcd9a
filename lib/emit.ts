import { ignore, own } from './outcome.js'

/**
 * Calls a listener of the host, if there is one, and ignores what it throws, or rejects with: a listener never changes an
 * answer, and never ends the process.
 */
export function emit<Event>(listener: ((event: Event) => unknown) | undefined, event: Event): void {
  if (listener === undefined) return
  try {
    own(listener(event), ignore)
  } catch {
    // It is the listener's fault, and nobody else's.
  }
}
