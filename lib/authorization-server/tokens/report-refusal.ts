import { OAuthError } from '../../errors.js'
import type { ClientRecord } from '../../store/records.js'
import type { Account } from '../context/context.js'
import type { Emit, RefusingEndpoint } from '../context/events.js'

/** Tells the events of a refusal; a fault is told by the router. @param client absent: nobody knows yet who calls */
export function reportRefusal(
  emit: Emit,
  { endpoint, account, client }: { endpoint: RefusingEndpoint; account: Account; client?: ClientRecord | undefined },
  error: unknown,
): void {
  if (!(error instanceof OAuthError) || error.status >= 500) return
  const { detail } = error
  emit({
    ...{ type: 'request.refused', endpoint, account: account.name, code: wireCode(error) },
    ...(client !== undefined && { clientId: client.id }),
    ...(detail !== undefined && { detail }),
  })
}

/** The code in the body of the answer: RFC 6750 §3.1 has none for a request without a token. */
export const wireCode = ({ error = 'unauthorized' }: OAuthError): string => error
