import { exposeHeaders } from '../../http/expose-headers.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { refuse, unanswered } from '../contract/refuse.js'
import type { AuthInfo } from '../contract/types.js'
import type { DpopSettings } from './options.js'
import { type AcceptedProof, createProofCheck, invalidProof } from './proof.js'
import { requestUrl } from './request-url.js'

const SILENT = 'replay_store_failed'

/** The proof that a request was let in with: a further guard of the same request meets it again. */
const proofs = new WeakMap<HttpRequest, string>()

type PossessionCheck = (auth: AuthInfo, req: HttpRequest, res?: HttpResponse) => AuthInfo | Promise<AuthInfo>

/**
 * Makes the check that whoever presents a bound token has its key (RFC 9449 §7.1): one proof, for this very request and
 * token, by the key the token is bound to, and never seen before.
 * The check throws InvalidTokenError (the token is not bound to that key), InvalidDpopProofError, UseDpopNonceError,
 * TemporarilyUnavailableError (the replay store gave no answer).
 */
export function createPossessionCheck(settings: DpopSettings): PossessionCheck {
  const { publicOrigin, replays } = settings
  const checkProof = createProofCheck(settings)

  function remember({ id, expiresAt }: AcceptedProof, req: HttpRequest): boolean | Promise<boolean> {
    if (proofs.get(req) === id) return true
    try {
      return replays.add(id, expiresAt)
    } catch (cause) {
      throw unanswered(SILENT, cause)
    }
  }

  return function checkPossession(auth, req, res) {
    const context = { token: auth.token, bound: boundKeyOf(auth), method: req.method ?? '' }
    const proof = checkProof({ proof: readProofHeader(req), url: requestUrl(req, publicOrigin), ...context })

    function admit(isNew: unknown): AuthInfo {
      if (isNew === false) throw invalidProof('replayed')
      if (isNew !== true) throw unanswered(SILENT, new TypeError('ReplayStore.add must answer true or false'))
      proofs.set(req, proof.id)
      if (res !== undefined && proof.nextNonce !== undefined) giveNonce(res, proof.nextNonce)
      return auth
    }

    const isNew = remember(proof, req)
    if (typeof isNew === 'boolean') return admit(isNew)
    return Promise.resolve(isNew).then(admit, cause => {
      throw unanswered(SILENT, cause)
    })
  }
}

/** RFC 9449 §8.2: on any answer; one with a nonce is not to be stored. */
function giveNonce(res: HttpResponse, nonce: string): void {
  res.setHeader('DPoP-Nonce', nonce)
  res.setHeader('Cache-Control', 'no-store')
  exposeHeaders(res, ['DPoP-Nonce'])
}

/** RFC 9449 §6.1. A token that is bound to no key is none for this scheme. */
function boundKeyOf({ payload: { cnf } }: AuthInfo): string {
  const { jkt } = (cnf ?? {}) as { jkt?: unknown }
  if (typeof jkt !== 'string') throw refuse('dpop_unbound_token')
  return jkt
}

/** Exactly one header (RFC 9449 §4.3, 1). Node joins several with a comma, which no proof holds. */
function readProofHeader(req: HttpRequest): string {
  const { dpop } = req.headers
  if (typeof dpop !== 'string' || dpop === '') throw invalidProof('absent')
  if (dpop.includes(',')) throw invalidProof('repeated')
  return dpop
}
