import type { ServerEvent } from '../../authorization-server/context/events.js'

/** What a log line says of a fault: nothing of its text, which may hold what a driver was called with. */
interface LoggedCause {
  name: string
  code?: string | number
}

/** The members of an event's log line. */
export function describeEvent({ type, ...event }: ServerEvent): object {
  if (!('cause' in event)) return { event: type, ...event }
  return { event: type, ...event, cause: describeCause(event.cause) }
}

/** A cause by its `name` and `code` alone, whatever was thrown; what is no error by its type. */
export function describeCause(cause: unknown): LoggedCause {
  try {
    if (typeof cause !== 'object' || cause === null) return { name: typeof cause }
    const { name, code } = cause as { name?: unknown; code?: unknown }
    const isCode = typeof code === 'number' || (typeof code === 'string' && /^\w{1,64}$/.test(code))
    const isName = typeof name === 'string' && /^[\w$]{1,64}$/.test(name)
    return { name: isName ? name : 'object', ...(isCode && { code }) }
  } catch {
    return { name: 'unreadable' }
  }
}
