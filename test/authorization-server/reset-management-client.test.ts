import { expect } from 'chai'
import request from 'supertest'
import { MANAGEMENT_PERMISSIONS } from '../../lib/authorization-server/admin/catalogue.js'
import { MANAGEMENT_AUDIENCE } from '../../lib/authorization-server/context/context.js'
import { accountsByPath, authorizationServer } from '../../lib/authorization-server/index.js'
import { resetManagementClients } from '../../lib/authorization-server/bootstrap/reset-management-client.js'
import type { Store } from '../../lib/store/port.js'
import { API_KIND, CLIENT_KIND, type ClientRecord } from '../../lib/store/records.js'
import { describeStores } from '../support/stores.js'
import { basic, decode, mount, postToken, seededStore, startServer } from './fixtures.js'

const VALUES = MANAGEMENT_PERMISSIONS.map(({ value }) => value)
const ACCOUNT = { name: 'default', issuer: 'https://id.example.com', mountPath: '' }
const OTHER = { audience: 'https://api.example.com', scope: ['read:users'] }

async function change(store: Store, id: string, members: Partial<ClientRecord>): Promise<ClientRecord> {
  const clients = await store.collection(CLIENT_KIND)
  const client = await clients.get('default', id)
  const changed = client === null ? null : await clients.replace({ ...client, ...members }, client.revision)
  if (changed === null) throw new Error('there is no such client')
  return changed
}

describe('the reset of a management client', () => {
  const grant = (...scope: string[]) => ({ api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope }] })
  const broken: { description: string; members: Partial<ClientRecord> }[] = [
    { description: 'has lost its secret', members: {} },
    { description: 'has no secrets', members: { secrets: [] } },
    { description: 'was narrowed', members: grant('read:apis') },
    { description: 'has no scopes', members: grant() },
    { description: 'was granted nothing', members: { api_grants: [] } },
    { description: 'was granted another API alone', members: { api_grants: [OTHER] } },
    { description: 'is public', members: { token_endpoint_auth_method: 'none', grant_types: [], secrets: [] } },
    { description: 'has another grant type', members: { grant_types: ['authorization_code'] } },
    { description: 'has no default audience', members: { default_audience: '', api_grants: [OTHER] } },
  ]
  for (const { description, members } of broken) {
    it(`mends one that ${description}`, async () => {
      const store = await seededStore()
      const test = await startServer({ store })
      const [made] = test.server.takeManagementClients()
      const { default_audience, ...client } = await change(store, made?.clientId ?? '', members)
      const clients = await store.collection(CLIENT_KIND)
      if (members.default_audience === '') await clients.replace(client, client.revision)
      const before = await clients.get('default', client.id)
      const [reset] = await resetManagementClients({ accounts: [ACCOUNT], store, clock: test.clock })
      expect(reset).to.include({ account: 'default', issuer: ACCOUNT.issuer, clientId: made?.clientId })
      const after = await clients.get('default', client.id)
      expect(after?.revision).to.equal((before?.revision ?? 0) + 1)
      expect(after?.secrets.slice(0, -1)).to.deep.equal(before?.secrets)
      expect(after?.secrets).to.have.length((before?.secrets.length ?? 0) + 1)
      for (const kept of before?.api_grants ?? []) {
        const now = after?.api_grants?.find(({ audience }) => audience === kept.audience)
        expect(now?.scope).to.include.members(kept.scope)
      }

      const { app } = await startServer({ store })
      const { body } = await postToken(app, { grant_type: 'client_credentials', audience: MANAGEMENT_AUDIENCE })
        .set('authorization', basic(reset?.clientId ?? '', reset?.clientSecret ?? ''))
        .expect(200)
      expect(decode(body.access_token).claims['permissions']).to.have.members(VALUES)
    })
  }

  it('keeps the scopes that another version has added, and grants them', async () => {
    const store = await seededStore()
    const { server } = await startServer({ store })
    const [made] = server.takeManagementClients()
    const apis = await store.collection(API_KIND)
    const {
      records: [api],
    } = await apis.find('default', { limit: 1 })
    if (api === undefined) throw new Error('there is no API')
    await apis.replace({ ...api, permissions: [...api.permissions, { value: 'mend:fences' }] }, api.revision)
    await change(store, made?.clientId ?? '', grant('read:apis'))
    await resetManagementClients({ accounts: [ACCOUNT], store })
    const client = await (await store.collection(CLIENT_KIND)).get('default', made?.clientId ?? '')
    expect(client?.api_grants?.[0]?.scope).to.have.members([...VALUES, 'mend:fences'])
    expect((await apis.get('default', api.id))?.permissions.map(({ value }) => value)).to.include('mend:fences')
  })

  it('loses no change that is made at the same time, and each of many resets leaves its secret', async () => {
    const store = await seededStore()
    const { server } = await startServer({ store })
    const id = server.takeManagementClients()[0]?.clientId ?? ''
    const resets = Array.from({ length: 5 }, () => resetManagementClients({ accounts: [ACCOUNT], store }))
    const all = (await Promise.all(resets)).flat()
    expect(new Set(all.map(({ clientSecret }) => clientSecret)).size).to.equal(5)
    const client = await (await store.collection(CLIENT_KIND)).get('default', id)
    expect(client?.secrets).to.have.length(1 + 5)
  })

  it('tells who was reset, and no secret', async () => {
    const events: unknown[] = []
    const store = await seededStore()
    const accounts = [ACCOUNT]
    const [made] = await resetManagementClients({ accounts, store, onEvent: event => events.push(event) })
    expect(events).to.deep.equal([{ type: 'management_client.reset', account: 'default', clientId: made?.clientId }])
  })
})

describeStores('the reset of management clients', engine => {
  const { accounts } = accountsByPath('https://id.example.com', ['acme', 'globex'])

  for (const { description, clientId } of [
    { description: 'made at start', clientId: undefined },
    { description: 'that is named', clientId: 'ops' },
  ]) {
    it(`makes the client ${description} in each account where it is absent, and adds a secret where it is there`, async () => {
      const store = await engine.open()
      const first = await resetManagementClients({ accounts, store, clientId })
      const second = await resetManagementClients({ accounts, store, clientId })
      expect(second.map(({ clientId: id }) => id)).to.deep.equal(first.map(({ clientId: id }) => id))
      if (clientId !== undefined) expect(first.map(({ clientId: id }) => id)).to.deep.equal([clientId, clientId])
      const resolve = accountsByPath('https://id.example.com', ['acme', 'globex'])
      const server = await authorizationServer({ accounts: resolve, store })
      expect(server.takeManagementClients()).to.deep.equal([])
      const app = mount('/', server.router)
      for (const { account, clientId: id, clientSecret } of [...first, ...second]) {
        await request(app)
          .post(`/t/${account}/oauth/token`)
          .set('authorization', basic(id, clientSecret))
          .type('form')
          .send({ grant_type: 'client_credentials' })
          .expect(200)
      }
      await server.close()
    })
  }
})
