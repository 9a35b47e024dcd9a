import { OAuthError } from '../../errors.js'
import { toManagementError } from '../../http/error-handler.js'
import type { AuthInfo } from '../../resource-server/contract/types.js'
import type { Account, AdminCaller } from '../context/context.js'
import type { Emit } from '../context/events.js'
import type { Origin } from '../context/origin.js'

/** Whose verified token it was that was refused. */
const clients = new WeakMap<OAuthError, string>()

/** Notes on a refusal whose token it was. @returns the refusal */
export function attributeToClient(refusal: OAuthError, { clientId }: AuthInfo): OAuthError {
  clients.set(refusal, clientId)
  return refusal
}

/** Tells the events of a call that is answered with 401 or 403. `scope` is what it needed, `caller` absent where nobody knows. */
export function reportRefusal(
  emit: Emit,
  {
    account,
    scope,
    origin,
    caller,
  }: { account: Account; scope: string; origin: Origin; caller: AdminCaller | undefined },
  error: unknown,
): void {
  const { status, errorCode: code } = toManagementError(error)
  if (status !== 401 && status !== 403) return
  const refusal = error instanceof OAuthError ? error : undefined
  const actor = caller?.actor ?? (refusal && clients.get(refusal))
  const detail = refusal?.detail
  emit({
    ...{ type: 'admin.refused', account: account.name, scope, code },
    ...(detail !== undefined && { detail }),
    ...origin,
    ...(actor !== undefined && { actor }),
  })
}
