import { InvalidRequestError, type OAuthError } from '../../errors.js'
import { formatChallenge } from '../../http/challenge.js'
import type { HttpRequest } from '../../http/handler.js'
import { formatScope } from '../../scope.js'
import { type Scheme, schemeOf } from './credential.js'
import type { GuardOptions } from './guard-options.js'

type ChallengeOptions = Pick<GuardOptions, 'realm'> & Partial<Pick<GuardOptions, 'metadataUrl' | 'dpop'>>

/**
 * The challenges of a refusal (RFC 6750 §3, RFC 9449 §7.1): one for each scheme that is served, the error with the one
 * that was used; no error code where no credential came; the scope where it helps; nothing for an outage.
 */
export function challengesOf(
  refusal: OAuthError,
  req: HttpRequest,
  scopes: readonly string[],
  options: ChallengeOptions,
): string | undefined {
  const { status, error, message } = refusal
  if (status !== 400 && status !== 401 && status !== 403) return undefined
  const { realm, metadataUrl, dpop } = options
  const served = schemesOf(options)
  const presented = schemeOf(req.headers.authorization ?? '')
  const used = served.find(scheme => scheme === presented) ?? served[0]
  const named = error === undefined ? {} : { error, error_description: message }
  const known =
    refusal instanceof InvalidRequestError
      ? {}
      : { scope: scopes.length === 0 ? undefined : formatScope(scopes), resource_metadata: metadataUrl }
  return served
    .filter(scheme => status === 401 || scheme === used)
    .map(scheme => {
      const algs = scheme === 'DPoP' && dpop !== undefined ? [...dpop.algorithms].join(' ') : undefined
      return formatChallenge(scheme, { realm, ...(scheme === used && named), ...known, algs })
    })
    .join(', ')
}

function schemesOf({ dpop }: ChallengeOptions): readonly Scheme[] {
  if (dpop === undefined) return ['Bearer']
  return dpop.mode === 'required' ? ['DPoP'] : ['Bearer', 'DPoP']
}
