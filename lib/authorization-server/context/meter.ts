import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import type { ServerEvent } from './events.js'

/** Counts and measures what happens. Nothing of it throws. */
export interface Meter {
  /** A request begins that is served here. @param path that of its account, without a query */
  begin(path: string, req: HttpRequest, res: HttpResponse): void
  /** A request is answered with an error. @param code the wire's */
  refuse(path: string, code: string): void
  /** @param grantType one that is served */
  issueToken(grantType: string): void
  /** @param grantType absent where it is not known @param code the wire's */
  refuseToken(grantType: string | undefined, code: string): void
  notice(event: ServerEvent): void
  /** An operation of the store is over. @param ms how long it took @param isFailure the engine failed */
  finishOperation(kind: string, method: string, ms: number, isFailure: boolean): void
}

/** Where the meter stands, once metrics are asked for. Until then nothing is measured. */
export interface Metering {
  meter: Meter | undefined
}
