import type { ServerEvent } from '../../authorization-server/context/events.js'
import { systemReason } from './system-reason.js'

/** What a log line says of a fault: nothing of its text, which may hold what a driver was called with. */
interface LoggedCause {
  name: string
  code?: string | number
  /** Why the store failed, in the system's constant words (`no space left on device`). */
  reason?: string
}

/** The members of an event's log line. */
export function describeEvent({ type, ...event }: ServerEvent): object {
  if (!('cause' in event)) return { event: type, ...event }
  return { event: type, ...event, cause: describeCause(event.cause) }
}

/** A cause by its `name`, `code` and the system's reason alone, whatever was thrown; what is no error by its type. */
export function describeCause(cause: unknown): LoggedCause {
  try {
    if (typeof cause !== 'object' || cause === null) return { name: typeof cause }
    const { name, code, cause: deeper } = cause as { name?: unknown; code?: unknown; cause?: unknown }
    const reason = code === 'ERR_STORE_UNAVAILABLE' ? systemReason(deeper) : undefined
    const isCode = typeof code === 'number' || (typeof code === 'string' && /^\w{1,64}$/.test(code))
    const isName = typeof name === 'string' && /^[\w$]{1,64}$/.test(name)
    return { name: isName ? name : 'object', ...(isCode && { code }), ...(reason !== undefined && { reason }) }
  } catch {
    return { name: 'unreadable' }
  }
}
