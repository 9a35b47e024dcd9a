import { emit } from '../../emit.js'
import { IssuerTemplate } from '../options/issuer-template.js'
import type { KeySet } from './key-set.js'
import { keySetOf } from './key-set-registry.js'
import type { IssuerSettings, TenantPredicate, VerifierSettings } from '../options/options.js'
import { refuse } from '../contract/refuse.js'

type Claims = Readonly<Record<string, unknown>>

/** An issuer of many tenants. */
interface Tenancy {
  template: IssuerTemplate
  tenants: ReadonlySet<string> | TenantPredicate
  keySet: KeySet
}

/** The issuers that a verifier trusts, each with its keys. */
export class TrustedIssuers {
  readonly keySets: readonly KeySet[]
  /** Is there a function to be asked about tenants? */
  readonly hasPredicates: boolean
  readonly #byName = new Map<string, KeySet>()
  readonly #tenancies: Tenancy[] = []

  constructor(settings: VerifierSettings) {
    this.keySets = settings.issuers.map(issuer => this.#add(issuer, keySetOf(issuer, settings)))
    this.hasPredicates = this.#tenancies.some(({ tenants }) => typeof tenants === 'function')
    for (const { issuer, allowInsecureRequests } of settings.issuers) {
      if (allowInsecureRequests) emit(settings.onEvent, { type: 'insecure_issuer', code: 'insecure_issuer', issuer })
    }
  }

  #add({ issuer, tenants }: IssuerSettings, keySet: KeySet): KeySet {
    if (tenants === undefined) this.#byName.set(issuer, keySet)
    else this.#tenancies.push({ template: new IssuerTemplate(issuer), tenants, keySet })
    return keySet
  }

  /** The keys of the issuer that a token names; undefined where it is none of these. */
  find(claims: Claims): KeySet | undefined {
    const { iss } = claims
    if (typeof iss !== 'string') return undefined
    const known = this.#byName.get(iss)
    return known ?? (this.#tenancies.length === 0 ? undefined : this.#tenancyOf(claims)?.tenancy.keySet)
  }

  /** The same, before anything of the token is proven: so only a list of tenants is looked at. @throws InvalidTokenError */
  keySetFor(claims: Claims): KeySet {
    const { iss } = claims
    const known = typeof iss === 'string' ? this.#byName.get(iss) : undefined
    if (known !== undefined) return known
    const found = this.#tenancyOf(claims)
    if (found === undefined) throw refuse('issuer')
    const { tenant, tenancy } = found
    if (typeof tenancy.tenants !== 'function' && !tenancy.tenants.has(tenant)) throw refuse('tenant')
    return tenancy.keySet
  }

  /**
   * Asks whether the tenant of a verified token may call: no answer, and none that is true or false, is a no.
   * @throws InvalidTokenError
   */
  askTenant(claims: Claims): void | Promise<void> {
    if (this.#byName.has(String(claims['iss']))) return
    const found = this.#tenancyOf(claims)
    if (typeof found?.tenancy.tenants === 'function') return ask(found.tenancy.tenants, found.tenant)
  }

  #tenancyOf(claims: Claims): { tenant: string; tenancy: Tenancy } | undefined {
    for (const tenancy of this.#tenancies) {
      const tenant = tenancy.template.tenantOf(claims)
      if (tenant !== undefined) return { tenant, tenancy }
    }
    return undefined
  }
}

function ask(predicate: TenantPredicate, tenant: string): void | Promise<void> {
  let answer: unknown
  try {
    answer = predicate(tenant)
  } catch (cause) {
    throw refuse('tenant', cause)
  }
  if (typeof answer === 'boolean') return accept(answer)
  return new Promise(resolve => resolve(answer)).then(accept, cause => {
    throw refuse('tenant', cause)
  })
}

function accept(answer: unknown): void {
  if (answer !== true) throw refuse('tenant')
}
