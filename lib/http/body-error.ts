/**
 * Why a body cannot be read. `consumed`: something before has read it, in part or as a whole, and not kept it;
 * `incomplete`: it is not as long as its Content-Length; `late`: it did not arrive in time.
 */
export type BodyFault = 'too-large' | 'encoded' | 'aborted' | 'not-utf8' | 'consumed' | 'incomplete' | 'late'

/** A body that cannot be read; whoever reads it turns this into an answer in its own words. */
export class BodyError extends Error {
  readonly fault: BodyFault
  constructor(fault: BodyFault) {
    super(`the body is ${fault}`)
    this.name = 'BodyError'
    this.fault = fault
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws BodyError not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new BodyError('not-utf8')
  }
}

/** What a lenient decoder puts where bytes were no UTF-8: in a text that somebody else decoded it cannot be believed. */
export const REPLACED = '\ufffd'
