import { type Document, decode } from './messages.js'
import { isRetryable } from './retryable-writes.js'

/** What a real member answers where it is not, or no longer, the primary; and what this one does not do at all. */
const FAILURES = {
  NotWritablePrimary: { code: 10_107, errmsg: 'not primary' },
  NotPrimaryNoSecondaryOk: { code: 13_435, errmsg: 'not primary and secondaryOk=false' },
  InterruptedDueToReplStateChange: { code: 11_602, errmsg: 'operation was interrupted' },
  IllegalOperation: { code: 20, errmsg: 'there are no transactions here' },
} as const

export type Failure = keyof typeof FAILURES

/** The command was not carried out. */
export function failure(codeName: Failure, command: Document, topology: Document): Document {
  return { ok: 0, ...FAILURES[codeName], codeName, ...labels(command), ...topology }
}

/** The command was carried out, and nobody knows whether a majority has it: here it has. */
export function unconfirmed(answer: Buffer, command: Document, topology: Document): Document {
  const codeName = 'InterruptedDueToReplStateChange'
  return {
    ...decode(answer),
    writeConcernError: { ...FAILURES[codeName], codeName },
    ...labels(command),
    ...topology,
  }
}

const labels = (command: Document): Document => (isRetryable(command) ? { errorLabels: ['RetryableWriteError'] } : {})
