/** Why a provider could not be used, in words that may be logged. */
export class ProviderFault extends Error {
  /** `unavailable`: it did not answer; `response`: what it answered cannot be used; `refused`: it did not sign the user in. */
  readonly kind: 'unavailable' | 'response' | 'refused'
  /** That of the error behind it, or the one that the provider gave. */
  readonly code: string

  constructor(kind: ProviderFault['kind'], reason: string, code: string) {
    super(`the provider ${reason}: ${code}`)
    this.name = 'ProviderFault'
    this.kind = kind
    this.code = code
  }
}

/**
 * What is told of an error that openid-client threw. Never the error itself: its causes hold what was sent and answered,
 * codes and tokens among it.
 * @param wasAsked had anything been sent to the provider? If not, the browser brought what was refused
 */
export function describeFault(error: unknown, wasAsked: boolean): ProviderFault {
  if (error instanceof ProviderFault) return error
  const { code, name, error: wire }: Record<string, unknown> = Object(error)
  const word = plain(code) ?? plain(name) ?? 'unknown'
  // invalid_grant: the code that the browser brought is none.
  if (!wasAsked || wire === 'invalid_grant') return new ProviderFault('refused', 'did not sign in', plain(wire) ?? word)
  return new ProviderFault('response', 'answered what cannot be used', [plain(wire) ?? word, claimOf(error)].join(''))
}

/** Which claim, or member, was wrong. */
function claimOf(error: unknown): string {
  let cause: unknown = error
  for (let depth = 0; depth < 4; depth++) {
    const { claim, attribute }: Record<string, unknown> = Object(cause)
    const found = plain(claim) ?? plain(attribute)
    if (found !== undefined) return ` (${found})`
    cause = Object(cause).cause
  }
  return ''
}

/** A short code, and no text that could be anything else. */
function plain(value: unknown): string | undefined {
  return typeof value === 'string' && /^\w{1,64}$/.test(value) ? value : undefined
}
