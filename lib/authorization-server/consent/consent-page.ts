import { type Html, html } from '../pages/html.js'
import { page } from '../pages/page.js'
import type { ConsentScope, ConsentView } from './consent-view.js'

/** The page where no `consentPage` of the host makes it. */
export function renderConsentPage(view: ConsentView): string {
  const title = view.api === undefined ? 'Sign in to an application' : 'Allow access'
  const body = html`${introduction(view)}\n${form(view)}`
  return page(title, body, view.styleNonce, headingOf(view)).toString()
}

function headingOf({ client, api }: ConsentView): Html {
  const name = html`<bdi>${client.name}</bdi>`
  if (api === undefined) return html`${name} wants to know who you are`
  return html`${name} wants access to <bdi>${api.name}</bdi>`
}

function introduction({ client, user }: ConsentView): Html {
  const about = client.description ? html`<p class="quiet"><bdi>${client.description}</bdi></p>\n` : undefined
  const kind = client.isFirstParty
    ? 'It belongs to the operator of this service.'
    : 'It does not belong to the operator of this service.'
  return html`${about}<p>${kind} Afterwards you are sent to <bdi><strong>${client.redirectHost}</strong></bdi>.</p>
<p class="quiet">You are signed in as ${who(user)}.</p>`
}

function who({ id, name }: ConsentView['user']): Html {
  return name ? html`<bdi>${name}</bdi> (<bdi>${id}</bdi>)` : html`<bdi>${id}</bdi>`
}

function form({ action, antiForgery, scopes }: ConsentView): Html {
  const list =
    scopes.length === 0
      ? html`<p>No permission is asked for.</p>`
      : html`<fieldset>
<legend>What it may do</legend>
${scopes.map(checkBox)}
</fieldset>`
  return html`<form method="post" action="${action}">
<input type="hidden" name="${antiForgery.name}" value="${antiForgery.value}">
${list}
<div class="buttons">
<button type="submit" name="decision" value="deny">Deny</button>
<button type="submit" name="decision" value="allow" class="main">Allow</button>
</div>
</form>`
}

function checkBox({ value, description, isNew, isDeprecated }: ConsentScope): Html {
  const marks = [isNew && mark('new'), isDeprecated && mark('deprecated')]
  return html`<label><input type="checkbox" name="scope" value="${value}" checked><span><bdi>${description || value}</bdi>${marks}</span></label>\n`
}

function mark(text: 'new' | 'deprecated'): Html {
  return html` <span class="${text}">${text}</span>`
}
