import type { Records } from '../context/context.js'
import type { Consents } from '../consent/consents.js'
import type { ConsentPage } from '../consent/consent-view.js'
import type { Limits } from '../limits/limits.js'
import type { TokenServices } from '../tokens/token-services.js'
import type { Users } from '../users/users.js'

/** What `/authorize` works with. */
export interface AuthorizeContext extends Pick<TokenServices, 'registry' | 'apiGrants' | 'clock' | 'emit'> {
  records: Pick<Records, 'authorizationRequests' | 'authorizationCodes' | 'grants'>
  consents: Consents
  limits: Pick<Limits, 'authorize'>
  /** Absent: nobody signs in here. */
  users?: Users
  /** Absent: the page is ours. */
  consentPage?: ConsentPage
}
