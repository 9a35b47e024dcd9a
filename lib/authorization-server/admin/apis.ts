import { ConflictError, ManagementError } from '../../errors.js'
import { readManagementBody } from '../../http/parameters.js'
import { API_FIELDS } from '../../query/fields.js'
import { eq } from '../../query/tree.js'
import { createId } from '../../store/ids.js'
import { API_KIND, type ApiRecord } from '../../store/records.js'
import { findFirst } from '../../store/walk.js'
import { MANAGEMENT_AUDIENCE } from '../context/context.js'
import { validateApiCreation, validateApiUpdate } from '../schemas/api.js'
import { endAuthorizations } from './authorizations.js'
import { reportChange } from './changes.js'
import { listPage } from './listing.js'
import {
  type AdminCall,
  changeRecord,
  getRecord,
  removeRecord,
  removeWithRest,
  type Resource,
  sendCreated,
  sendPage,
  sendRecord,
  sendRemoved,
} from './resource.js'
import { deriveSlug, nextFreeNumber, numberedSlug } from './slug.js'

/** What a creation may give; the check has made sure of it. */
type ApiCreation = Pick<ApiRecord, 'name' | 'identifier'> & ApiUpdate
type ApiUpdate = Partial<Omit<ApiRecord, 'id' | 'account' | 'revision' | 'identifier' | 'is_system'>>

/** `POST /apis` */
export async function createApi(call: AdminCall): Promise<void> {
  const body = await readManagementBody(call.req)
  assertApiCreation(body)
  if (body.identifier === MANAGEMENT_AUDIENCE) throw new ConflictError(['identifier'])
  const api = await insertApi(call, body)
  call.context.registry.apiChanged(api.account, api.identifier)
  reportChange(call, REPORTED, null, api)
  sendCreated(call, api, showApi(api))
}

function assertApiCreation(body: object): asserts body is ApiCreation {
  validateApiCreation(body)
}

async function insertApi({ context, account }: AdminCall, creation: ApiCreation): Promise<ApiRecord> {
  const { apis } = context.records
  const now = context.clock.now()
  const id = createId(API_KIND.idPrefix, now)
  const insert = (slug: string): Promise<ApiRecord> =>
    apis.insert(createRecord({ id, account: account.name, slug }, creation, now))
  if (creation.slug !== undefined) return insert(creation.slug)
  const stem = deriveSlug(creation.name) || id.replaceAll('_', '-')
  const isTaken = async (slug: string): Promise<boolean> =>
    (await findFirst(apis, account.name, eq('slug', slug))) !== null
  for (let number = 1; ; number = await nextFreeNumber(stem, number, isTaken)) {
    try {
      return await insert(numberedSlug(stem, number))
    } catch (error) {
      // Another creation was faster: the search goes on behind it.
      if (!(error instanceof ConflictError)) throw error
      if (!isOnlySlug(error)) throw new ConflictError(['identifier'], error)
    }
  }
}

const isOnlySlug = ({ fields }: ConflictError): boolean => fields.every(field => field === 'slug')

function createRecord(own: Pick<ApiRecord, 'id' | 'account' | 'slug'>, creation: ApiCreation, now: number): ApiRecord {
  return {
    permissions: [],
    signing_alg: 'RS256',
    token_dialect: 'access_token',
    token_lifetime: 86_400,
    enforce_policies: true,
    allow_offline_access: false,
    skip_consent: false,
    ...creation,
    ...own,
    is_system: false,
    revision: 1,
    createdAt: new Date(now),
    updatedAt: new Date(now),
  }
}

/** `GET /apis` */
export async function listApis(call: AdminCall): Promise<void> {
  const list = { name: API_KIND.name, collection: call.context.records.apis, fields: API_FIELDS }
  const { results, next } = await listPage(call.req.url ?? '', call.account.name, list)
  sendPage(call, { results: results.map(showApi), next })
}

/** `GET /apis/:apis_id` */
export async function readApi(call: AdminCall): Promise<void> {
  const api = await getRecord(call.context.records.apis, call)
  sendRecord(call, api, showApi(api))
}

/** `POST /apis/:apis_id`: what is not named stays as it is; a list is replaced. */
export async function updateApi(call: AdminCall): Promise<void> {
  const { context } = call
  const body = await readManagementBody(call.req)
  const changed = await changeRecord(apisOf(call), call, api => alterApi(api, body, context.clock.now()))
  context.registry.apiChanged(changed.account, changed.identifier)
  sendRecord(call, changed, showApi(changed))
}

/** The API after an update; the same one where nothing is to change. */
export function alterApi(api: ApiRecord, body: object, now: number): ApiRecord {
  refuseSystem(api)
  validateApiUpdate(body)
  return Object.keys(body).length === 0 ? api : { ...api, ...body, updatedAt: new Date(now) }
}

/** `DELETE /apis/:apis_id`: what users have authorized for it ends. */
export async function deleteApi(call: AdminCall): Promise<void> {
  const { registry } = call.context
  const remove = async (): Promise<void> => {
    const api = await removeRecord(apisOf(call), call, refuseSystem)
    registry.apiChanged(api.account, api.identifier)
  }
  await removeWithRest(call, remove, id => endAuthorizations(call, 'api_id', id))
  sendRemoved(call)
}

export function refuseSystem(api: ApiRecord): void {
  if (!api.is_system) return
  throw new ManagementError('system_resource', 'The management API cannot be changed or deleted.')
}

/** An API as it is shown. */
function showApi(api: ApiRecord): object {
  const { id, name, slug, identifier, account, revision, createdAt, updatedAt, ...shown } = api
  return { id, name, slug, identifier, ...shown, createdAt, updatedAt }
}

const REPORTED = { type: 'api', show: showApi } as const

const apisOf = ({ context }: AdminCall): Resource<ApiRecord> => ({
  collection: context.records.apis,
  reported: REPORTED,
})
