import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import mongoose from 'mongoose'
import { createModel } from '../../lib/store/mongo/model.js'
import type { RecordKind, StoredRecord } from '../../lib/store/port.js'
import * as logRecords from '../../lib/store/log-records.js'
import * as records from '../../lib/store/records.js'
import * as userRecords from '../../lib/store/user-records.js'

const page = readFileSync(new URL('../../docs/mongodb.md', import.meta.url), 'utf8')

describe('docs/mongodb.md', () => {
  const connection = mongoose.createConnection()
  const kinds = Object.values({ ...records, ...userRecords, ...logRecords }).filter(
    value => 'idPrefix' in value,
  ) as RecordKind<StoredRecord>[]

  for (const kind of kinds) {
    it(`names every index of ${kind.name}, and no other`, () => {
      const { collection, schema } = createModel(connection, kind, 'scopegate_')
      const row = page.split('\n').find(line => line.startsWith(`| \`${collection.name}\``)) ?? ''
      const [, , , indexes = ''] = row.split('|')
      const named = [...indexes.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
      const made = schema.indexes().map(([fields]) => Object.keys(fields).join(' '))
      expect(named).to.have.members(made)
    })
  }

  it('names every collection, and no other', () => {
    const named = [...page.matchAll(/^\| `(scopegate_\w+)`/gm)].map(([, name = '']) => name)
    // Counts are no records: what their indexes are, test/store/counters.test.ts says.
    expect(named).to.have.members([...kinds.map(({ name }) => `scopegate_${name}`), 'scopegate_limits'])
  })

  it('names every option', () => {
    const source = readFileSync(new URL('../../lib/store/mongo/mongo-store.ts', import.meta.url), 'utf8')
    const [, options = ''] = /export interface MongoStoreOptions {([\s\S]*?)\n}/.exec(source) ?? []
    const names = [...options.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name = '']) => name)
    expect(names).to.have.length.above(3)
    for (const name of names) expect(page).to.match(new RegExp(`^\\| \`${name}\``, 'm'))
  })
})
