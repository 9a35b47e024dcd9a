import { expect } from 'chai'
import { type LoggedEvent, toEntry } from '../../../lib/authorization-server/log/entry.js'
import { createId } from '../../../lib/store/ids.js'
import { createLogIds } from '../../../lib/authorization-server/log/log-ids.js'

const TIME = Date.UTC(2026, 0, 31, 12)
const about = { account: 'acme', address: '203.0.113.7' }

describe('a record of the log', () => {
  const events: { event: LoggedEvent; said: object | undefined }[] = [
    {
      event: { type: 'key.created', ...about, kid: 'k1', actor: 'manager' },
      said: { target: 'k1', actor: 'manager' },
    },
    { event: { type: 'key.rotated', ...about, kid: 'k1' }, said: { target: 'k1' } },
    { event: { type: 'key.deleted', ...about, kid: 'k1' }, said: { target: 'k1' } },
    {
      event: { type: 'limit.reached', ...about, limit: 'token', clientId: 'cli_1' },
      said: { detail: 'token', client_id: 'cli_1' },
    },
    { event: { type: 'token.issued', ...about, scope: '' }, said: { scope: [] } },
    { event: { type: 'token.issued', ...about, scope: 'a b' }, said: { scope: ['a', 'b'] } },
    { event: { type: 'token.large', ...about }, said: undefined },
    { event: { type: 'account.opened', ...about }, said: undefined },
    { event: { type: 'server.error' }, said: undefined },
    { event: { type: 'constructor', ...about }, said: undefined },
  ]
  for (const { event, said } of events) {
    it(`of ${event.type} ${said === undefined ? 'is none' : `says ${JSON.stringify(said)}`}`, () => {
      const entry = toEntry(event, { time: TIME, lifetime: 1000 }, () => 'log_1')
      if (said === undefined || entry === undefined) {
        expect([entry, said]).to.deep.equal([undefined, undefined])
        return
      }
      const times = { createdAt: new Date(TIME), updatedAt: new Date(TIME), expires_at: new Date(TIME + 1000) }
      expect(entry.record).to.deep.equal({
        ...{ type: event.type, ...about, id: 'log_1', revision: 1, ...times, ...said },
      })
    })
  }

  it('has no text without a bound, and marks what was cut', () => {
    const long = 'x'.repeat(100_000)
    const texts = { clientId: long, user: long, audience: long, code: long, detail: long, actor: long, target: long }
    const event = { type: 'token.refused', account: 'acme', address: long, scope: 'ab '.repeat(40_000), ...texts }
    const entry = toEntry(event, { time: TIME, lifetime: 1000 }, () => 'log_1')
    if (entry === undefined) return expect.fail('there is none')
    const { scope, ...others } = entry.record
    for (const name of ['client_id', 'user', 'audience', 'code', 'detail', 'actor', 'target', 'address'] as const) {
      expect(others[name], name).to.equal(`${'x'.repeat(600)}…`)
    }
    expect(scope).to.have.length(1_366)
    expect(scope?.at(-2)).to.equal('ab')
    expect(scope?.at(-1)).to.equal('…')
    expect(entry.size).to.be.above(6_000)
  })

  it('has an id that sorts as records come, in one millisecond too', () => {
    const createLogId = createLogIds()
    const ids = Array.from({ length: 3_000 }, (_, i) => createLogId(TIME + Math.floor(i / 1_000)))
    expect(ids).to.deep.equal([...ids].sort())
    expect(new Set(ids).size).to.equal(3_000)
    for (const id of ids) expect(id).to.match(/^log_[0-9a-hjkmnp-tv-z]{26}$/)
    const other = createLogIds()
    expect(ids).not.to.include(other(TIME))
  })

  it('has an id with the time that other ids made then have', () => {
    for (const time of [0, 1, TIME, TIME + 0.5, 2 ** 47, 2 ** 48 - 1]) {
      expect(createLogIds()(time).slice(0, 14)).to.equal(createId('log_', time).slice(0, 14))
    }
  })
})
