import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import mongoose, { type Model } from 'mongoose'
import { createHttpServer } from '../../lib/cli/serve/http-server.js'
import { systemClock } from '../../lib/clock.js'
import { createModel, type Stored } from '../../lib/store/mongo/model.js'
import { MongoCollection } from '../../lib/store/mongo/mongo-collection.js'
import type { RecordKind, StoredRecord } from '../../lib/store/port.js'
import * as logRecords from '../../lib/store/log-records.js'
import * as records from '../../lib/store/records.js'
import * as userRecords from '../../lib/store/user-records.js'
import { codesIn, readPage, rowsOf, sectionOf } from '../support/docs.js'
import { sources } from '../support/sources.js'

const page = readPage('scaling.md')
const bench = readFileSync(new URL('../../bench/README.md', import.meta.url), 'utf8')
const kinds = Object.values({ ...records, ...userRecords, ...logRecords }).filter(
  value => 'idPrefix' in value,
) as RecordKind<StoredRecord>[]

const rowOf = (heading: string, what: RegExp): string[] => {
  const found = rowsOf(sectionOf(page, heading)).find(([first = '']) => what.test(first))
  if (found === undefined) throw new Error(`no row ${what}`)
  return found
}

/** What stands in the run of the benchmark: microseconds of processor time. */
function measured(name: string): number {
  const row = rowsOf(bench).find(([first, ...rest]) => first === name && rest.length === 3)
  const microseconds = Number(row?.at(-1)?.replace(',', ''))
  if (!(microseconds > 0)) throw new Error(`bench/README.md has no ${name}`)
  return microseconds
}

describe('docs/scaling.md', () => {
  describe('numbers that stand in the sources', () => {
    const server = 'authorization-server'
    const numbers: [text: string, file: string, source: RegExp][] = [
      ['clients are cached', `${server}/context/registry.ts`, /RECORD_AGE = 15_000\b/],
      ['that it is absent is cached', `${server}/context/registry.ts`, /ABSENT_AGE = 2_000\b/],
      ['key rings are cached', `${server}/keys/signing-keys.ts`, /RING_AGE = 30_000\b/],
      ['they use a key set for 30 seconds', `${server}/tokens/own-verifiers.ts`, /KEY_SET_AGE = 30_000\b/],
      [
        '30 s at guards with [`introspection`]',
        'resource-server/options/introspection-options.ts',
        /max: 3_600, fallback: 30 /,
      ],
      [
        '10 min at a guard (`keySet.cacheMaxAge`)',
        'resource-server/options/read-options.ts',
        /cacheMaxAge: .* fallback: 600_000 /,
      ],
      ['1 h while the server', 'resource-server/options/read-options.ts', /staleMaxAge: .* fallback: 3_600_000 /],
      ['more than 5 seconds ahead', 'resource-server/options/read-options.ts', /'clockTolerance', .* fallback: 5 /],
      ['caches the key set adds 300 s', `${server}/discovery/metadata-router.ts`, /MAX_AGE = 300\b/],
      ['may be cached for 300 seconds', `${server}/discovery/metadata-router.ts`, /MAX_AGE = 300\b/],
      ['the answer comes within 1.5 s', 'store/deadline.ts', /PING_TIMEOUT = 1_500\b/],
      ['a body has 10 seconds to arrive', 'http/intake.ts', /DEADLINE = 10_000\b/],
      ['under way for up to 10 seconds', 'cli/serve/serve.ts', /STOP_TIMEOUT = 10_000\b/],
      ['ends within 12', 'cli/serve/serve.ts', /END_TIMEOUT = 11_500\b/],
      ['`operationTimeout` (1.5 s)', 'store/mongo/mongo-store.ts', /operationTimeout = 1_500\b/],
      ['looks every 250 ms', 'store/outage.ts', /= 250\b/],
      ['`majority`, whatever your connection says', 'store/mongo/model.ts', /MAJORITY = \{ w: 'majority' \}/],
      ['| reads a record or a list, and `ping`', 'store/mongo/model.ts', /read: 'primary'/],
      ['`w: 1`: a count', 'store/mongo/mongo-counters.ts', /writeConcern: \{ w: 1 \}/],
      ['in batches of up to 200', `${server}/log/batch-queue.ts`, /BATCH = 200\b/],
      ['every 0.2 s at the soonest', `${server}/log/batch-queue.ts`, /DELAY = 200\b/],
      ['every 10 s, one for each API and process', `${server}/log/usage.ts`, /DELAY = 10_000\b/],
      ['every 60 s, for each secret and process', `${server}/clients/secret-uses.ts`, /WRITE_INTERVAL = 60_000\b/],
      ['one for every 60 requests of a client', `${server}/limits/shared-counts.ts`, /PART = 100\b/],
      ['6 000 tokens in 60 seconds', `${server}/limits/options.ts`, /TOKEN_LIMIT: .* = \{ limit: 6_000, window: 60 \}/],
      ['`token_lifetime` seconds, a day by default', `${server}/admin/apis.ts`, /token_lifetime: 86_400\b/],
      ['four at a time', `${server}/keys/signer.ts`, /COPIES = 4\b/],
    ]
    for (const [text, file, source] of numbers) {
      it(text, () => {
        expect(page.replaceAll(/\s+/g, ' ')).to.include(text)
        expect(sources.find(known => known.file === file)?.text, file).to.match(source)
      })
    }

    it('a connection without a request is closed after 65 seconds', () => {
      expect(rowOf('## The load balancer', /^idle/)[1]).to.include('after 65 seconds')
      const http = createHttpServer()
      expect(http.keepAliveTimeout).to.equal(65_000)
      http.close()
    })

    it('the grace of Kubernetes covers leaving the load balancer and stopping', () => {
      const [, grace, leave, stop] = /Seconds: (\d+) # (\d+) to leave .*, (\d+) to stop/.exec(page) ?? []
      expect(Number(grace)).to.be.above(Number(leave) + Number(stop))
      expect(page).to.include(`[sleep, "${leave}"]`)
    })
  })

  describe('what must be the same', () => {
    it('names variables that there are', () => {
      const variables = rowsOf(sectionOf(readPage('configuration.md'), '## Variables')).flatMap(([name = '']) =>
        codesIn(name),
      )
      const named = rowsOf(sectionOf(page, '## What every process must have')).flatMap(([name = '']) => codesIn(name))
      const upper = named.filter(name => /^[A-Z_]+$/.test(name))
      expect(upper).to.have.length.above(10)
      for (const name of upper) expect(variables).to.include(name)
    })

    it('flows are kept in collections that there are', () => {
      const rows = rowsOf(sectionOf(page, '## No sticky sessions'))
      const named = rows.flatMap(([, where = '']) => (where.startsWith('collection') ? codesIn(where) : []))
      expect(named).to.have.length.above(3)
      expect([...kinds.map(({ name }) => name), 'limits']).to.include.members(named)
    })
  })

  describe('sharding', () => {
    const rows = rowsOf(sectionOf(page, '## MongoDB: sharding'))
    const withKey = (key: string): string[] => rows.flatMap(([names = '', of]) => (of === key ? codesIn(names) : []))

    it('has every collection once, and those with a unique index get no key', () => {
      const unique = kinds.filter(kind => kind.unique.length > 0).map(({ name }) => name)
      expect(withKey('none')).to.have.members([...unique, 'limits'])
      const others = kinds.filter(kind => kind.unique.length === 0).map(({ name }) => name)
      expect(withKey("`{ _id: 'hashed' }`")).to.have.members(others)
    })

    const now = new Date()
    const record = { account: 'acme', revision: 1, createdAt: now, updatedAt: now }
    for (const kind of kinds.filter(({ unique }) => unique.length === 0)) {
      it(`what is done to one record of ${kind.name} names its _id, and no unique index but that of _id is made`, async () => {
        const { model, filters } = watchedModel()
        const collection = new MongoCollection(model, kind, systemClock, 1_500)
        await collection.get('acme', 'x')
        await collection.replace({ ...record, id: 'x' }, 1)
        await collection.remove('acme', 'x')
        expect(filters).to.have.length(3)
        for (const filter of filters) expect(filter).to.have.property('_id', 'acme/x')
        const { schema } = createModel(mongoose.createConnection(), kind, 'scopegate_')
        expect(schema.indexes().filter(([, { unique }]) => unique === true)).to.deep.equal([])
      })
    }
  })

  describe('how much is needed', () => {
    const section = '## How much is needed'
    const examples = rowsOf(sectionOf(page, '### Examples'))
    const example = (what: RegExp): string[] => examples.find(([first = '']) => what.test(first))?.slice(1) ?? []
    const rates = [100, 1_000]

    for (const [what, name] of [
      [/client credentials, MongoDB/, 'scopegate, MongoDB'],
      [/client credentials, embedded/, 'scopegate, embedded'],
      [/^a refresh/, 'scopegate, refresh'],
      [/^`\/authorize`/, 'scopegate, /authorize'],
    ] as const) {
      it(`says about what the benchmark says of ${name}`, () => {
        const [, milliseconds = ''] = /^about ([\d.]+) ms$/.exec(rowOf(section, what)[1] ?? '') ?? []
        expect(Number(milliseconds)).to.be.closeTo(measured(name) / 1_000, (measured(name) / 1_000) * 0.15)
      })
    }

    it('computes the cores as it says', () => {
      const needed = rates.map(rate => (rate * measured('scopegate, MongoDB')) / 1_000_000)
      for (const [what, factor] of [
        [/^processor/, 1],
        [/^planned/, 2],
      ] as const) {
        const cores = example(what).map(cell => Number(cell.replace(' cores', '')))
        expect(cores).to.have.length(2)
        for (const [at, value] of cores.entries()) {
          const exact = (needed[at] ?? 0) * factor
          expect(value).to.be.closeTo(exact, exact * 0.15)
        }
      }
    })

    it('computes the log as it says, of what a record takes', () => {
      const sizes = readPage('mongodb.md')
      expect(sizes).to.match(/^\| a record of the log, of one token +\| 491 +\|/m)
      const { schema } = createModel(mongoose.createConnection(), logRecords.LOG_KIND, 'scopegate_')
      // And that of `_id`.
      expect(schema.indexes()).to.have.length(9)
      expect(page).to.include('491 bytes and stands in ten indexes').and.to.include('about 1.5 KB')
      expect(page).to.include('it has 0.7 KB')
      expect(readPage('operations.md')).to.include('one takes about 0.7 KB with its indexes')
      expect(example(/^records/)).to.deep.equal(rates.map(rate => `${((rate * 86_400) / 1e6).toPrecision(2)} million`))
      for (const days of [30, 7, 1]) {
        const bytes = example(new RegExp(`^log of ${days} day`)).map(cell => {
          const [, value, unit] = /^([\d.]+) ([GT])B$/.exec(cell) ?? []
          return Number(value) * (unit === 'T' ? 1e12 : 1e9)
        })
        expect(bytes).to.have.length(2)
        for (const [at, rate] of rates.entries()) {
          const exact = rate * 86_400 * days * 1_500
          expect(bytes[at]).to.be.closeTo(exact, exact * 0.03)
        }
      }
    })
  })
})

/** A model that finds nothing and keeps the filters that it was given. */
function watchedModel(): { model: Model<Stored>; filters: unknown[] } {
  const filters: unknown[] = []
  const answer = <T>(value: T) => {
    const exec = async (): Promise<T> => value
    return { exec, lean: () => ({ exec }) }
  }
  const note =
    <T>(value: T) =>
    (filter: unknown) => {
      filters.push(filter)
      return answer(value)
    }
  const model = {
    findOne: note(null),
    replaceOne: note({ modifiedCount: 0 }),
    deleteOne: note({ deletedCount: 0 }),
  }
  return { model: model as unknown as Model<Stored>, filters }
}
