/** What a consent page shows, and what its form must hold. Every text is data: it must be escaped. */
export interface ConsentView {
  /** Where the form is posted to: the page's own URL. */
  action: string
  /** The hidden field that binds the form to the stored request and the user. */
  antiForgery: { name: string; value: string }
  client: {
    id: string
    name: string
    description?: string
    isFirstParty: boolean
    /** Where the browser goes afterwards: the host of the redirect URI, or its scheme where it has none. */
    redirectHost: string
  }
  /** Absent where only OpenID Connect's own scopes are asked. */
  api?: { name: string; identifier: string; description?: string }
  /** Who is signed in. */
  user: { id: string; name?: string }
  /** Each is a check box `name="scope"`, ticked at first. */
  scopes: readonly ConsentScope[]
  /** For `style-src`: `<style nonce="…">`. Scripts never run. */
  styleNonce: string
}

export interface ConsentScope {
  value: string
  description?: string
  /** Was it not part of what the user consented to before? Where nothing was, none is new. */
  isNew: boolean
  /** Is it a permission that the API marks as deprecated? Absent: it is not. */
  isDeprecated?: true
}

/**
 * Makes the page that asks the user: a form, `method="post"`, to `view.action`, with the hidden field, the check boxes
 * `name="scope"`, and two buttons `name="decision"`, `value="allow"` and `value="deny"`. The checks stay scopegate's.
 */
export type ConsentPage = (view: ConsentView) => string | PromiseLike<string>
