import { expect } from 'chai'
import type express from 'express'
import request from 'supertest'
import { MANAGEMENT_AUDIENCE } from '../../lib/authorization-server/context/context.js'
import { createSecret } from '../../lib/authorization-server/clients/client-secrets.js'
import type { ApiRecord, ClientRecord } from '../../lib/store/records.js'
import { random } from '../support/random.js'
import { describeStores } from '../support/stores.js'
import { watchedStore } from '../support/watched-store.js'
import { Browser } from './authorize/fixture.js'
import { AUDIENCE, basic, CLIENT_ID, decode, mount, SECRET, START } from './fixtures.js'
import {
  CHALLENGE,
  exchangeOf,
  REDIRECT,
  refreshOf,
  startFlow,
  USER,
  type UserFlow,
  VERIFIER,
} from './user-fixtures.js'

/** What a client gets, or is told. */
interface Outcome {
  granted: boolean
  error?: string | undefined
  claims: Record<string, unknown>
}

interface Preview extends Outcome {
  dropped: { scope: string; reason: string }[]
}

interface Setting {
  api: Partial<ApiRecord>
  client: Partial<ClientRecord>
  /** What the host lets the user have; undefined: all. */
  permissions: string[] | undefined
  /** undefined: none is named. */
  scope: string | undefined
}

const PERMISSIONS = ['a', 'b', 'c']
const SCOPES = [...PERMISSIONS, 'd', 'constructor', 'openid', 'profile', 'email', 'phone', 'address', 'offline_access']
const ODD_SCOPES = ['a  b', ' a', 'a"b', 'a a b', 'ä']
const OIDC = ['openid', 'profile', 'email', 'phone', 'address', 'offline_access']

describeStores('a preview and what is issued agree', engine => {
  const turns = engine.name === 'mongo' ? { own: 60, users: 40, pages: 8 } : { own: 270, users: 240, pages: 20 }

  for (const apiGrants of ['open', 'required'] as const) {
    describe(`with apiGrants: ${apiGrants}`, () => {
      let flow: UserFlow
      let app: express.Express
      const writes: string[] = []

      before(async () => {
        const open = async (clock?: { now(): number }) => watchedStore(await engine.open(clock), writes)
        const secrets = [createSecret(SECRET, START)]
        flow = await startFlow(
          { open },
          {
            api: { skip_consent: true },
            client: { is_first_party: true, token_endpoint_auth_method: 'client_secret_basic', secrets },
            options: { apiGrants, authorizeAdmin: () => ({ scopes: ['read:apis'] }) },
          },
        )
        app = mount('/', flow.server.adminRouter, flow.server.router)
      })
      after(() => flow.close())
      beforeEach(() => flow.reset())

      /** It is asked for, and nothing is written, nothing told. */
      async function preview(body: object, apiId = flow.api.id): Promise<Preview> {
        const [told, written] = [flow.events.length, writes.length]
        const answer = await request(app).post(`/apis/${apiId}/preview`).send(body).expect(200)
        expect(flow.events.slice(told)).to.deep.equal([])
        expect(writes.slice(written)).to.deep.equal([])
        return answer.body
      }

      async function set({ api, client, permissions }: Setting): Promise<void> {
        await flow.reset()
        await flow.changeApi(api)
        await flow.changeClient(client)
        flow.host.permissions = permissions
      }

      it(`for ${turns.own} clients of their own`, async () => {
        const next = random(apiGrants === 'open' ? 1 : 2)
        const system = (await flow.server.context.registry.api('default', MANAGEMENT_AUDIENCE))?.id ?? ''
        const seen = new Set<string>()
        for (let turn = 0; turn < turns.own; turn++) {
          const setting = randomSetting(next)
          const { scope } = setting
          const isSystem = next(8) === 0
          const audience = isSystem ? MANAGEMENT_AUDIENCE : AUDIENCE
          await set(setting)
          const said = await preview(
            { client_id: CLIENT_ID, ...(scope !== undefined && { scope }) },
            isSystem ? system : flow.api.id,
          )
          const real = await request(app)
            .post('/oauth/token')
            .set('authorization', basic(CLIENT_ID, SECRET))
            .send({ grant_type: 'client_credentials', audience, ...(scope !== undefined && { scope }) })
          assertAgree(said, outcomeOf(real), scope, { turn, setting, said })
          seen.add(said.error ?? 'granted')
        }
        assertSeen(seen, ['granted', 'invalid_scope', 'invalid_target', 'unauthorized_client'])
      })

      it(`for ${turns.users} users, and for what becomes of what they have allowed`, async () => {
        const next = random(apiGrants === 'open' ? 3 : 4)
        const seen = new Set<string>()
        for (let turn = 0; turn < turns.users; turn++) {
          const setting = randomSetting(next)
          const { scope } = setting
          await set(setting)
          const body = { client_id: CLIENT_ID, user: USER, ...(scope !== undefined && { scope }) }
          const said = await preview(body)
          const { outcome, refreshToken } = await authorize(scope, { prompt: 'none' })
          assertAgree(said, outcome, scope, { turn, setting, said })
          seen.add(said.error ?? 'granted')
          if (refreshToken === undefined) continue
          const changed = next(3) === 0 ? setting : randomSetting(next)
          await set(changed)
          const granted = String(outcome.claims['scope'])
          const later = await preview({ ...body, scope: granted, grant_type: 'refresh_token' })
          const real = await request(app)
            .post('/oauth/token')
            .set('authorization', basic(CLIENT_ID, SECRET))
            .send(without('client_id', refreshOf(refreshToken)))
          assertAgree(later, outcomeOf(real), granted, { turn, setting, changed, later })
          seen.add(`refresh: ${later.error ?? 'granted'}`)
        }
        const refused = ['invalid_scope', 'invalid_target', 'unauthorized_client', 'access_denied']
        assertSeen(seen, ['granted', ...refused, 'refresh: granted', 'refresh: invalid_grant'])
      })

      it(`for ${turns.pages} users who are asked, and allow everything`, async () => {
        const next = random(apiGrants === 'open' ? 5 : 6)
        let asked = 0
        for (let turn = 0; turn < turns.pages; turn++) {
          const setting = randomSetting(next)
          await set(setting)
          const said = await preview({ client_id: CLIENT_ID, user: USER, scope: setting.scope ?? '' })
          const { outcome, isAsked } = await authorize(setting.scope, { prompt: 'consent' })
          assertAgree(said, outcome, setting.scope, { turn, setting, said })
          if (isAsked) asked++
        }
        expect(asked).to.be.above(0)
      })

      /** Every outcome is among them, where there are enough of them for that. */
      function assertSeen(seen: ReadonlySet<string>, outcomes: readonly string[]): void {
        expect([...seen]).to.include.members(engine.name === 'embedded' ? outcomes : ['granted'])
      }

      /** Through `/authorize`, the page where there is one, and the exchange of the code. */
      async function authorize(
        scope: string | undefined,
        { prompt }: { prompt: 'none' | 'consent' },
      ): Promise<{ outcome: Outcome; isAsked: boolean; refreshToken?: string }> {
        const browser = new Browser({ app } as never)
        let answer = await browser.authorize({
          ...{ response_type: 'code', client_id: CLIENT_ID, redirect_uri: REDIRECT, audience: AUDIENCE, scope, prompt },
          ...{ code_challenge: CHALLENGE, code_challenge_method: 'S256' },
        })
        const isAsked = answer.status === 200
        if (isAsked) answer = await browser.decide(answer, 'allow')
        const told = new URL(String(answer.headers['location'])).searchParams
        const code = told.get('code')
        if (code === null) return { isAsked, outcome: { granted: false, error: told.get('error') ?? '', claims: {} } }
        const real = await request(app)
          .post('/oauth/token')
          .set('authorization', basic(CLIENT_ID, SECRET))
          .send(without('client_id', exchangeOf(code, { code_verifier: VERIFIER })))
        return { isAsked, outcome: outcomeOf(real), refreshToken: real.body.refresh_token }
      }
    })
  }
})

function without(name: string, parameters: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).filter(([known]) => known !== name))
}

function randomSetting(next: (below: number) => number): Setting {
  const some = <T>(list: readonly T[], odds = 2): T[] => list.filter(() => next(odds) === 0)
  const audiences = [AUDIENCE, MANAGEMENT_AUDIENCE, 'urn:example:other']
  const mostly = next(4) > 0
  const grants = audiences
    .filter(audience => (audience === AUDIENCE ? mostly : next(2) === 0))
    .map(audience => ({ audience, scope: some(audience === MANAGEMENT_AUDIENCE ? ['read:apis', 'a'] : SCOPES) }))
  const kinds: ClientRecord['grant_types'] = ['client_credentials', 'authorization_code', 'refresh_token']
  const scopes =
    next(12) === 0 ? ODD_SCOPES[next(ODD_SCOPES.length)] : [...some(SCOPES, 3), 'read:apis'].slice(next(2)).join(' ')
  return {
    api: {
      permissions: some(PERMISSIONS).map(value => ({ value })),
      enforce_policies: next(3) > 0,
      allow_offline_access: next(3) > 0,
      token_dialect: next(2) === 0 ? 'access_token' : 'access_token_authz',
      token_lifetime: 60 + next(1000),
    },
    client: {
      grant_types: kinds.filter(() => next(10) > 0),
      ...(next(3) > 0 && { api_grants: grants }),
    },
    permissions: next(2) === 0 ? undefined : some([...PERMISSIONS, 'd', 'never-asked'], 2),
    scope: next(8) === 0 ? undefined : scopes,
  }
}

function outcomeOf({ status, body }: request.Response): Outcome {
  if (status !== 200) return { granted: false, error: body.error, claims: {} }
  const { jti: _new, ...claims } = decode(body.access_token).claims
  expect(body.scope).to.equal(claims['scope'])
  expect(body.expires_in).to.equal(Number(claims['exp']) - Number(claims['iat']))
  return { granted: true, claims }
}

function assertAgree(said: Preview, real: Outcome, scope: string | undefined, about: object): void {
  const told = JSON.stringify({ ...about, real })
  const { dropped, ...outcome } = said
  expect(outcome, told).to.deep.equal({ ...real })
  const asked = [...new Set((scope ?? '').split(' ').filter(Boolean))]
  const named = dropped.map(one => one.scope)
  expect(named, told).to.deep.equal([...new Set(named)])
  if (real.granted) {
    const granted = String(real.claims['scope']).split(' ')
    expect(named, told).to.have.members(asked.filter(one => !granted.includes(one)))
  } else if (real.error === 'access_denied' || (real.error === 'invalid_scope' && named.length > 0)) {
    expect(named, told).to.include.members(asked.filter(one => !OIDC.includes(one)))
  }
}
