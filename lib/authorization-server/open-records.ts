import { API_USAGE_KIND, LOG_KIND } from '../store/log-records.js'
import type { Store } from '../store/port.js'
import { API_KIND, CLIENT_KIND, KEY_RING_KIND, SECRET_USE_KIND } from '../store/records.js'
import {
  AUTHORIZATION_CODE_KIND,
  AUTHORIZATION_REQUEST_KIND,
  CONSENT_KIND,
  GRANT_KIND,
  REVOKED_TOKEN_KIND,
  SESSION_KIND,
  SIGN_IN_KIND,
} from '../store/user-records.js'
import type { Records } from './context/context.js'
import type { Metering } from './context/meter.js'
import { measureCollection } from './metrics/measured-collection.js'

/** One after the other: an engine that makes collections and indexes is not asked for a dozen at once. */
export async function openRecords(store: Pick<Store, 'collection'>): Promise<Records> {
  return {
    apis: await store.collection(API_KIND),
    clients: await store.collection(CLIENT_KIND),
    keyRings: await store.collection(KEY_RING_KIND),
    secretUses: await store.collection(SECRET_USE_KIND),
    authorizationRequests: await store.collection(AUTHORIZATION_REQUEST_KIND),
    authorizationCodes: await store.collection(AUTHORIZATION_CODE_KIND),
    grants: await store.collection(GRANT_KIND),
    consents: await store.collection(CONSENT_KIND),
    sessions: await store.collection(SESSION_KIND),
    signIns: await store.collection(SIGN_IN_KIND),
    revokedTokens: await store.collection(REVOKED_TOKEN_KIND),
    logs: await store.collection(LOG_KIND),
    apiUsage: await store.collection(API_USAGE_KIND),
  }
}

/** The same store, whose collections are measured. */
export function measured(store: Store, metering: Metering): Pick<Store, 'collection'> {
  return { collection: async kind => measureCollection(kind.name, await store.collection(kind), metering) }
}

/** The kinds whose records expire. */
export function expiringOf(records: Records): readonly Pick<Records['sessions'], 'removeExpired'>[] {
  const { authorizationRequests, authorizationCodes, grants, sessions, signIns, revokedTokens, logs, apiUsage } =
    records
  return [authorizationRequests, authorizationCodes, grants, sessions, signIns, revokedTokens, logs, apiUsage]
}
