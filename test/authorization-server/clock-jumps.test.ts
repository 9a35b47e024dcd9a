import { expect } from 'chai'
import request from 'supertest'
import { createVerifier, type Verifier } from '../../lib/resource-server/index.js'
import { KEY_RING_ID } from '../../lib/authorization-server/keys/signing-keys.js'
import { describeStores } from '../support/stores.js'
import { AUDIENCE, addClient, decode, GOOD, ISSUER, postToken, START } from './fixtures.js'
import { startFlow, type UserFlow } from './user-fixtures.js'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Of a code, and of the tokens of the API. */
const CODE_LIFETIME = MINUTE
const LIFETIME = HOUR

describeStores('a clock that is set', engine => {
  let flow: UserFlow
  let verifier: Verifier

  before(async () => {
    flow = await startFlow(engine)
    await addClient({ server: flow.server } as never, { id: 'cli_service' })
    const ring = await flow.server.context.records.keyRings.get('default', KEY_RING_ID)
    const keys = (ring?.keys ?? []).map(({ kid, public_jwk }) => ({ ...JSON.parse(public_jwk), kid, alg: 'RS256' }))
    verifier = createVerifier({
      ...{ issuer: ISSUER, audience: AUDIENCE, clock: flow.clock, clockTolerance: 0 },
      // The keys do not age: the clock moves by days.
      fetch: async () => Response.json({ keys }),
      keySet: { uri: `${ISSUER}/.well-known/jwks.json` },
    })
  })
  beforeEach(() => {
    flow.clock.time = START
  })
  after(() => flow.close())

  const issue = async (): Promise<string> => {
    const answer = await postToken(flow.app, { ...GOOD, client_id: 'cli_service' })
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200)
    return answer.body.access_token
  }
  const isGood = async (token: string): Promise<boolean> => {
    try {
      await verifier.verify(token)
      return true
    } catch {
      return false
    }
  }

  const jumps: { description: string; moves: number[] }[] = [
    { description: 'back by a second', moves: [-SECOND] },
    { description: 'back by an hour', moves: [-HOUR] },
    { description: 'back by a year', moves: [-365 * DAY] },
    { description: 'ahead by a day', moves: [DAY] },
    { description: 'ahead by ten years', moves: [3650 * DAY] },
    { description: 'ahead by a day, and corrected', moves: [DAY, -DAY] },
    { description: 'back again and again', moves: [-HOUR, -MINUTE, -HOUR] },
    { description: 'to and fro', moves: [HOUR, -2 * HOUR, 3 * HOUR, -DAY] },
  ]
  for (const { description, moves } of jumps) {
    it(`${description}: every token is good from its issue to its end, and at no other time`, async () => {
      const issued: { token: string; at: number }[] = []
      for (const move of [0, ...moves]) {
        flow.clock.time += move
        const token = await issue()
        const { claims } = decode(token)
        expect(claims['iat']).to.equal(flow.clock.time / SECOND)
        expect(claims['exp']).to.equal((flow.clock.time + LIFETIME) / SECOND)
        issued.push({ token, at: flow.clock.time })
        for (const { token: known, at } of issued) {
          expect(await isGood(known)).to.equal(at <= flow.clock.time && flow.clock.time < at + LIFETIME)
        }
      }
      for (const { token, at } of issued) {
        for (const [time, good] of [
          [at - SECOND, false],
          [at, true],
          [at + LIFETIME - 1, true],
          [at + LIFETIME, false],
        ] as const) {
          flow.clock.time = time
          expect(await isGood(token), `${time - at} ms after its issue`).to.equal(good)
        }
      }
    })

    it(`${description}: the service answers everything as before`, async () => {
      for (const move of [0, ...moves]) {
        flow.clock.time += move
        const { body } = await flow.exchange(await flow.authorize()).expect(200)
        const { body: next } = await flow.refresh(body.refresh_token).expect(200)
        // Within the grace, which begins now.
        const { body: again } = await flow.refresh(body.refresh_token).expect(200)
        expect(again.refresh_token).to.equal(next.refresh_token)
        await request(flow.app).get('/.well-known/jwks.json').expect(200)
      }
      expect(flow.count('server.error')).to.equal(0)
    })
  }

  for (const { description, move, status } of [
    { description: 'back by as much as clocks may differ', move: -MINUTE, status: 200 },
    { description: 'back by more', move: -MINUTE - 1, status: 400 },
    { description: 'back by an hour', move: -HOUR, status: 400 },
    { description: 'ahead by its lifetime', move: CODE_LIFETIME, status: 400 },
    { description: 'ahead by less', move: CODE_LIFETIME - 1, status: 200 },
  ]) {
    it(`${description}: a code that was made before is answered with ${status}`, async () => {
      const code = await flow.authorize()
      flow.clock.time += move
      await flow.exchange(code).expect(status)
    })

    it(`${description}: a refresh token that is good now has one successor`, async () => {
      const { body } = await flow.exchange(await flow.authorize()).expect(200)
      flow.clock.time += move
      const { body: next } = await flow.refresh(body.refresh_token).expect(200)
      await flow.refresh(next.refresh_token).expect(200)
    })
  }

  for (const { description, move } of [
    { description: 'back by an hour', move: -HOUR },
    { description: 'ahead by an hour', move: HOUR },
  ]) {
    it(`${description}: a refresh token that was replaced before has no grace left`, async () => {
      const { body } = await flow.exchange(await flow.authorize()).expect(200)
      await flow.refresh(body.refresh_token).expect(200)
      flow.clock.time += move
      await flow.refresh(body.refresh_token).expect(400)
    })
  }

  it('ahead beyond the end of a grant, and corrected: what was refused meanwhile is no longer than its lifetime', async () => {
    const { body } = await flow.exchange(await flow.authorize()).expect(200)
    flow.clock.time += 31 * DAY
    await flow.refresh(body.refresh_token).expect(400)
    flow.clock.time = START
    // The record may have gone meanwhile.
    expect((await flow.refresh(body.refresh_token)).status).to.be.oneOf([200, 400])
    expect(flow.count('server.error')).to.equal(0)
  })
})
