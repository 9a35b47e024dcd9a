import { TemporarilyUnavailableError } from '../../errors.js'
import type { HttpResponse } from '../../http/handler.js'
import type { Permission } from '../../store/records.js'
import { ANTI_FORGERY, antiForgeryValue } from '../consent/anti-forgery.js'
import { renderConsentPage } from '../consent/consent-page.js'
import type { ConsentScope, ConsentView } from '../consent/consent-view.js'
import { createNonce, sendHtml, sourceOf } from '../pages/page.js'
import type { CheckedUser } from '../users/users.js'
import type { AuthorizeContext } from './authorize-context.js'
import type { Pending } from './pending.js'
import { hostOf } from './redirect-uri.js'
import type { Verdict } from './verdict.js'

/** A request whose user has to be asked. */
interface Asked extends Pending {
  user: CheckedUser
  verdict: Verdict
}

/** Asks the user. @throws TemporarilyUnavailableError the host's page cannot be had */
export async function showConsent(res: HttpResponse, asked: Asked, context: AuthorizeContext): Promise<void> {
  const nonce = createNonce()
  const text = await render(viewOf(asked, nonce), asked, context)
  sendHtml(res, 200, text, { nonce, formAction: [sourceOf(asked.request.redirect_uri)] })
}

async function render(view: ConsentView, { account }: Asked, context: AuthorizeContext): Promise<string> {
  const { consentPage, emit } = context
  if (consentPage === undefined) return renderConsentPage(view)
  try {
    const text: unknown = await consentPage(view)
    if (typeof text !== 'string') throw new TypeError('consentPage: must answer a string')
    return text
  } catch (cause) {
    emit({ type: 'users.failed', account: account.name, hook: 'consentPage', cause })
    throw new TemporarilyUnavailableError('The service cannot answer now.', {
      detail: 'users_failed',
      headers: { 'Retry-After': '5' },
      cause,
    })
  }
}

function viewOf({ account, request, client, secret, user, verdict }: Asked, styleNonce: string): ConsentView {
  const { target, scope, remembered } = verdict
  const name = nameOf(user)
  const known = new Map([...(target?.api.permissions ?? []), ...OWN].map(permission => [permission.value, permission]))
  return {
    action: `${account.issuer}/authorize/${request.id}`,
    antiForgery: { name: ANTI_FORGERY, value: antiForgeryValue({ secret, requestId: request.id, user: user.id }) },
    client: {
      id: client.id,
      name: client.name,
      ...(client.description !== undefined && { description: client.description }),
      isFirstParty: client.is_first_party,
      redirectHost: hostOf(request.redirect_uri),
    },
    ...(target !== undefined && { api: apiOf(target.api) }),
    user: { id: user.id, ...(name !== undefined && { name }) },
    scopes: scope.map(value => scopeOf(known.get(value) ?? { value }, remembered?.scope)),
    styleNonce,
  }
}

/** What those of OpenID Connect mean to a person; none of them is a permission of an API. */
const OWN: readonly Permission[] = [
  { value: 'openid', description: 'Know who you are' },
  { value: 'profile', description: 'See your name and profile' },
  { value: 'email', description: 'See your e-mail address' },
  { value: 'offline_access', description: 'Keep this access while you are away' },
]

function scopeOf(
  { value, description, deprecated }: Permission,
  remembered: readonly string[] | undefined,
): ConsentScope {
  const isNew = remembered !== undefined && !remembered.includes(value)
  return { value, ...(description && { description }), isNew, ...(deprecated && { isDeprecated: true }) }
}

function apiOf({ name, identifier, description }: { name: string; identifier: string; description?: string }) {
  return { name, identifier, ...(description !== undefined && { description }) }
}

function nameOf({ claims }: CheckedUser): string | undefined {
  if (claims === undefined) return undefined
  const parsed: unknown = JSON.parse(claims)
  if (typeof parsed !== 'object' || parsed === null || !('name' in parsed)) return undefined
  return typeof parsed.name === 'string' && parsed.name !== '' ? parsed.name : undefined
}
