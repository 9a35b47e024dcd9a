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

/** Whose token was refused, where that is known. */
export function clientOfRefusal(error: unknown): string | undefined {
  return error instanceof OAuthError ? clients.get(error) : undefined
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
  const actor = caller?.actor ?? clientOfRefusal(error)
  const detail = error instanceof OAuthError ? error.detail : undefined
  emit({
    ...{ type: 'admin.refused', account: account.name, scope, code },
    ...(detail !== undefined && { detail }),
    ...origin,
    ...(actor !== undefined && { actor }),
  })
}
