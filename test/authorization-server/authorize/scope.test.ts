import { expect } from 'chai'
import type { PermissionsQuery } from '../../../lib/authorization-server/index.js'
import type { ApiRecord, ClientRecord } from '../../../lib/store/records.js'
import { addApi, AUDIENCE, ISSUER } from '../fixtures.js'
import { addWeb, answerOf, boxesOf, Browser, GOOD, startAuthorize } from './fixture.js'

describe('the scope of an authorization', () => {
  const rows: {
    description: string
    scope?: string
    audience?: string
    api?: Partial<ApiRecord>
    client?: Partial<ClientRecord>
    /** What the user may have; default: all. */
    may?: string[]
    granted?: string[]
    error?: string
  }[] = [
    {
      description: 'is what was asked, in that order, without repeats',
      scope: 'write:users read:users write:users',
      granted: ['write:users', 'read:users'],
    },
    { description: 'is none of the API where none was asked', granted: [] },
    { description: 'is none of the API where openid alone was asked', scope: 'openid', granted: ['openid'] },
    { description: 'is what policy leaves', scope: 'read:users other', granted: ['read:users'] },
    {
      description: 'is what the ceiling leaves',
      scope: 'read:users write:users',
      client: { api_grants: [{ audience: AUDIENCE, scope: ['write:users'] }] },
      granted: ['write:users'],
    },
    {
      description: 'is echoed where the API enforces no policies',
      scope: 'x read:users y',
      api: { enforce_policies: false },
      granted: ['x', 'read:users', 'y'],
    },
    {
      description: 'is echoed up to the ceiling',
      scope: 'x read:users y',
      api: { enforce_policies: false },
      client: { api_grants: [{ audience: AUDIENCE, scope: ['y'] }] },
      granted: ['y'],
    },
    {
      description: 'is echoed up to what the user may',
      scope: 'x read:users y',
      api: { enforce_policies: false },
      may: ['x', 'z'],
      granted: ['x'],
    },
    {
      description: 'is what the user may have, in the order asked',
      scope: 'write:users read:users',
      may: ['read:users', 'write:users', 'more'],
      granted: ['write:users', 'read:users'],
    },
    {
      description: 'has of the API what the user may, and openid',
      scope: 'openid read:users write:users',
      may: ['read:users'],
      granted: ['read:users', 'openid'],
    },
    {
      description: 'is denied where the user may have none of the API',
      scope: 'read:users',
      may: [],
      error: 'access_denied',
    },
    { description: 'is denied so beside openid', scope: 'openid read:users', may: ['other'], error: 'access_denied' },
    {
      description: 'has openid, profile and email, and not phone and address',
      scope: 'email phone read:users profile address openid',
      granted: ['read:users', 'openid', 'profile', 'email'],
    },
    {
      description: 'has offline_access where API and client allow it',
      scope: 'offline_access read:users',
      api: { allow_offline_access: true },
      granted: ['read:users', 'offline_access'],
    },
    { description: 'has none where the API does not', scope: 'offline_access read:users', granted: ['read:users'] },
    {
      description: 'has none where the client has not the grant',
      scope: 'offline_access read:users',
      api: { allow_offline_access: true },
      client: { grant_types: ['authorization_code'] },
      granted: ['read:users'],
    },
    { description: 'has none without an API', scope: 'openid offline_access', audience: '', granted: ['openid'] },
    {
      description: 'has openid and profile without an API',
      scope: 'profile openid',
      audience: '',
      granted: ['openid', 'profile'],
    },
    {
      description: 'is of the default audience where none is named',
      scope: 'openid read:users',
      audience: '',
      client: { default_audience: AUDIENCE },
      granted: ['read:users', 'openid'],
    },
    {
      description: 'is of the default audience with openid alone',
      scope: 'openid',
      audience: '',
      client: { default_audience: AUDIENCE },
      granted: ['openid'],
    },
    {
      description: 'is of the management API where api_grants name it',
      scope: 'read:apis',
      audience: 'urn:scopegate:management',
      client: { api_grants: [{ audience: 'urn:scopegate:management', scope: ['read:apis'] }] },
      granted: ['read:apis'],
    },
  ]
  for (const { description, scope, audience = AUDIENCE, api, client, may, granted, error } of rows) {
    it(description, async () => {
      const asked: PermissionsQuery[] = []
      const permissionsOf = (query: PermissionsQuery): readonly string[] => {
        asked.push(query)
        return may ?? query.scopes
      }
      const test = await startAuthorize({ hooks: { permissionsOf } })
      await addApi(test, api)
      await addWeb(test, client)
      const browser = new Browser(test)
      const page = await browser.authorize({ ...GOOD, scope, audience })
      if (error !== undefined) {
        expect(answerOf(page)).to.include({ error, iss: ISSUER })
        expect((await browser.authorize({ ...GOOD, scope, audience, prompt: 'consent' })).status).to.equal(303)
      } else {
        expect(boxesOf(page)).to.deep.equal(granted)
        expect(answerOf(await browser.decide(page, 'allow'))).to.have.property('code')
        const [grant] = (await test.server.context.records.grants.find('default', { limit: 1 })).records
        expect(grant?.scope).to.deep.equal(granted)
        const isOfApi = audience !== '' || client?.default_audience !== undefined
        if (!isOfApi)
          expect(grant)
            .to.include({ audience: `${ISSUER}/userinfo` })
            .and.not.have.property('api_id')
        else
          expect(grant)
            .to.include({ audience: audience || AUDIENCE })
            .and.have.property('api_id')
      }
      for (const { user, client: known, api: of, scopes } of asked) {
        expect([user, known.id, of.identifier]).to.deep.equal(['ada', 'cli_web', audience || AUDIENCE])
        expect(scopes).not.to.include.oneOf(['openid', 'profile', 'email', 'offline_access'])
      }
      await test.close()
    })
  }

  it('cannot be widened by permissionsOf, nor by the form', async () => {
    const test = await startAuthorize({
      hooks: {
        permissionsOf: ({ scopes }) => {
          ;(scopes as string[]).push('write:users')
          return ['read:users', 'write:users']
        },
      },
    })
    await addApi(test)
    await addWeb(test)
    const browser = new Browser(test)
    const page = await browser.authorize()
    expect(boxesOf(page)).to.deep.equal(['read:users'])
    await browser.decide(page, 'allow', ['write:users', 'read:users', 'openid'])
    const [grant] = (await test.server.context.records.grants.find('default', { limit: 1 })).records
    expect(grant?.scope).to.deep.equal(['read:users'])
    await test.close()
  })
})
