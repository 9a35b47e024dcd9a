import { invalidType, invalidValue } from '../../errors.js'
import { checkList, checkText } from './option-checks.js'
import type { TenantPredicate } from './options.js'

/** What stands for the tenant's id in an issuer of many tenants, as Entra writes it. */
const PLACEHOLDER = '{tenantid}'

/** Once, and in the path: what names the host is never left to a token. */
const TEMPLATE = /^https?:\/\/[^/?#{}@]+\/[^?#{}]*\{tenantid\}[^?#{}]*$/

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Is this issuer, which was read before, one of many tenants? */
export function isTemplate(issuer: string): boolean {
  return issuer.includes(PLACEHOLDER)
}

/** Is the issuer one of many tenants? @throws TypeError braces that stand for anything else */
export function readTemplate(issuer: string): boolean {
  if (!/[{}]/.test(issuer)) return false
  if (!TEMPLATE.test(issuer)) {
    throw invalidValue(`option issuer: braces are for ${PLACEHOLDER}, once, in the path of an https URL`)
  }
  return true
}

/** Reads the tenants of an issuer: ids in lower case, or the predicate. @throws TypeError */
export function readTenants(option: unknown, isTemplate: boolean): ReadonlySet<string> | TenantPredicate | undefined {
  if (!isTemplate) {
    if (option === undefined) return undefined
    throw invalidValue(`option issuer.tenants is for an issuer with ${PLACEHOLDER}`)
  }
  if (isPredicate(option)) return option
  if (!Array.isArray(option)) {
    throw invalidType(`option issuer.tenants is required with ${PLACEHOLDER}: a list of tenant ids, or a function`)
  }
  const tenants = checkList(option, 'issuer.tenants', readTenant)
  if (tenants.length === 0) throw invalidValue('option issuer.tenants must name at least one tenant')
  return new Set(tenants)
}

function isPredicate(option: unknown): option is TenantPredicate {
  return typeof option === 'function'
}

function readTenant(entry: unknown, name: string): string {
  const tenant = checkText(entry, name)
  if (!GUID.test(tenant)) throw invalidValue(`option ${name} must hold tenant ids, which are GUIDs`)
  return tenant.toLowerCase()
}

/** The issuer whose metadata tells where the keys are: of many tenants that of all organizations, as Entra has it. */
export function metadataIssuerOf(issuer: string): string {
  return issuer.replace(PLACEHOLDER, 'organizations')
}

/** The issuer of one tenant. */
export function issuerOfTenant(template: string, tenant: string): string {
  return template.replace(PLACEHOLDER, tenant)
}

/** Tells the tokens of a template from others. */
export class IssuerTemplate {
  readonly #before: string
  readonly #after: string

  constructor(template: string) {
    const [before = '', after = ''] = template.split(PLACEHOLDER)
    this.#before = before
    this.#after = after
  }

  /** The tenant, in lower case, where the issuer is the template with the token's own `tid` in it; else undefined. */
  tenantOf({ iss, tid }: Readonly<Record<string, unknown>>): string | undefined {
    if (typeof tid !== 'string' || !GUID.test(tid)) return undefined
    return iss === this.#before + tid + this.#after ? tid.toLowerCase() : undefined
  }
}
