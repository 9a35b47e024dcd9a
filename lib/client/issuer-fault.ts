/** Why an exchange with the issuer came to nothing. For this folder alone: callers see the classes of errors.ts. */
export class IssuerFault extends Error {
  /** `unavailable`: there was no answer, 429 or 5xx; `response`: the answer cannot be used. */
  readonly kind: 'unavailable' | 'response'
  /** A short code. */
  readonly detail: string
  readonly status: number | undefined
  /** How long the issuer asks to be left alone, in milliseconds. */
  readonly wait: number | undefined

  constructor(kind: IssuerFault['kind'], detail: string, { status, wait }: { status?: number; wait?: number } = {}) {
    super(detail)
    this.name = 'IssuerFault'
    this.kind = kind
    this.detail = detail
    this.status = status
    this.wait = wait
  }
}

/** What a fetch that threw may be known by: the system's code, and nothing of the text. */
export function describeTransport(error: unknown): IssuerFault {
  if (error instanceof IssuerFault) return error
  const { cause }: { cause?: unknown } = Object(error)
  return new IssuerFault('unavailable', plain(Object(cause).code) ?? 'network')
}

/**
 * What oauth4webapi found wrong with an answer, by its code alone: its errors hold what was answered, tokens among it.
 *
 * @param of begins the code
 */
export function describeAnswer(error: unknown, status = 200, of = ''): IssuerFault {
  if (error instanceof IssuerFault) return error
  const code = plain(Object(error).code)
  const fault = code?.startsWith('OAUTH_') === true ? code.slice(6).toLowerCase() : 'invalid'
  const detail = status === 200 ? fault : `status_${status}`
  return new IssuerFault('response', of + detail, { status })
}

/** A short code, and no text that could be anything else. */
export function plain(value: unknown): string | undefined {
  return typeof value === 'string' && /^\w{1,64}$/.test(value) ? value : undefined
}
