import type { Clock } from '../clock.js'
import type { Counters } from '../store/port.js'
import type { ServerContext } from './admin/admin-context.js'
import { createAuthorizeAdmin } from './admin/authorize-admin.js'
import { MANAGEMENT_PERMISSIONS } from './admin/catalogue.js'
import { ANY_MANAGER, createManagers } from './admin/managers.js'
import type { AuthorizeContext } from './authorize/authorize-context.js'
import { type Bootstrap, createBootstrap } from './bootstrap/bootstrap.js'
import { createSecretUses } from './clients/secret-uses.js'
import { createConsents } from './consent/consents.js'
import type { Records } from './context/context.js'
import { createEmit } from './context/events.js'
import type { Metering } from './context/meter.js'
import { createRegistry } from './context/registry.js'
import { createGrants } from './grants/grants.js'
import { createKeyEncryption } from './keys/key-encryption.js'
import { createSigningKeys } from './keys/signing-keys.js'
import { createLimits } from './limits/limits.js'
import { createLog } from './log/log.js'
import type { ValidatedOptions } from './options.js'
import { createOwnVerifiers } from './tokens/own-verifiers.js'
import type { TokenContext } from './tokens/token-router.js'
import { createTokenState } from './tokens/token-state.js'
import { createUsers } from './users/users.js'

/** What was opened before. */
export interface Opened {
  records: Records
  /** Absent: this process counts for itself. */
  counters: Counters | undefined
  ageClock: Clock
  metering: Metering
}

/** The parts, as the routers work with them. */
export interface Assembly {
  context: ServerContext
  tokenContext: TokenContext
  authorizeContext: AuthorizeContext
  bootstrap: Bootstrap
}

/** Puts the parts together. */
export function assemble(options: ValidatedOptions, { records, counters, ageClock, metering }: Opened): Assembly {
  const { clock, tokenType, managementClient, refreshGrace, revokesAccessTokens, consentPage } = options
  const registry = createRegistry(records, ageClock)
  const report = createEmit(options.onEvent)
  const log = createLog({ records, registry, clock, retention: options.logRetention, report })
  const tell = createEmit(options.onEvent, log.record)
  const emit: typeof tell = event => {
    metering.meter?.notice(event)
    tell(event)
  }
  const encryption = createKeyEncryption(options.encryption)
  const keyOptions = { tokenType, encryption, maxAge: options.keyMaxAge }
  const signingKeys = createSigningKeys({ rings: records.keyRings, ...keyOptions, clock, emit })
  const revocable = revokesAccessTokens && { revokedTokens: records.revokedTokens }
  const verifiers = createOwnVerifiers({ clock, signingKeys })
  const authorizeAdmin = options.authorizeAdmin ?? createAuthorizeAdmin({ verifiers, registry, ...revocable })
  const managers =
    options.authorizeAdmin === undefined ? createManagers({ clients: records.clients, clock }) : ANY_MANAGER
  const secretUses = createSecretUses({ records, clock, ageClock, emit })
  const limits = createLimits(options.rateLimits, { clock: ageClock, emit, counters })
  const permissions = MANAGEMENT_PERMISSIONS
  const grants = createGrants({ records, clock, emit })
  const users = options.users && createUsers(options.users, emit)
  const tokenState = createTokenState({ clock, registry, records, grants, verifiers })
  const { apiGrants } = options
  return {
    context: {
      ...{ clock, records, registry, grants, secretUses, limits, managers, authorizeAdmin, apiGrants, emit, log },
      ...(users !== undefined && { users }),
      keys: signingKeys.management,
      metering,
    },
    tokenContext: {
      ...{ clock, registry, signingKeys, records, grants, tokenState, emit, secretUses, limits, metering },
      ...{ apiGrants, refreshGrace, revokesAccessTokens },
      ...(users !== undefined && { users }),
    },
    authorizeContext: {
      ...{ clock, registry, records, emit, apiGrants, limits, consents: createConsents({ records, clock }) },
      ...(users !== undefined && { users }),
      ...(consentPage !== undefined && { consentPage }),
    },
    bootstrap: createBootstrap({ clock, records, registry, signingKeys, emit, permissions, managementClient }),
  }
}
