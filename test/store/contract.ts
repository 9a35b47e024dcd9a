import { expect } from 'chai'
import { ConflictError, StoreUnavailableError } from '../../lib/errors.js'
import { and, eq, type Filter, not, type Scalar } from '../../lib/query/tree.js'
import type { Collection, FindOptions, Page, Position, Store } from '../../lib/store/port.js'
import { findFirst, walkAccounts } from '../../lib/store/walk.js'
import { type SetClock, setClock } from '../support/set-clock.js'
import type { StoreEngine } from '../support/stores.js'
import { NOON, THING_KIND, type Thing, thing } from './kinds.js'

/** What every engine must do: see the port for the same in words. */
export function storeContract(engine: StoreEngine): void {
  let clock: SetClock
  let store: Store
  let things: Collection<Thing>

  beforeEach(async () => {
    clock = setClock(NOON)
    store = await engine.open(clock)
    things = await store.collection(THING_KIND)
  })
  afterEach(() => store.close())

  const find = async (options: FindOptions): Promise<Thing[]> => (await things.find('acme', options)).records

  const idsOf = async (filter: Filter): Promise<string[]> =>
    (await find({ filter, limit: 1000 })).map(({ id }) => id).sort()

  async function refusal(action: Promise<unknown>): Promise<unknown> {
    return action.then(
      () => expect.fail('was not refused'),
      (error: unknown) => error,
    )
  }

  describe('insert', () => {
    it('sets revision 1 and gives back what went in', async () => {
      const whole = thing('a', {
        name: 'Ünïcode ✓ $gt',
        size: -1.5,
        open: false,
        seen: new Date(NOON + 1),
        tags: ['x', ''],
        parts: [{ value: 'read:users', description: '' }],
      })
      expect(await things.insert({ ...whole, revision: 77 })).to.deep.equal(whole)
      expect(await things.get('acme', 'a')).to.deep.equal(whole)
    })

    it('keeps a copy: the caller may change what it gave and what it got', async () => {
      const given = thing('a', { tags: ['x'] })
      const stored = await things.insert(given)
      given.tags?.push('y')
      stored.tags?.push('z')
      expect((await things.get('acme', 'a'))?.tags).to.deep.equal(['x'])
    })

    const conflicts: { description: string; record: Thing; fields: string[] }[] = [
      { description: 'the id', record: thing('a', { name: 'other' }), fields: ['id'] },
      { description: 'one unique key', record: thing('b', { code: 'C' }), fields: ['code'] },
      { description: 'every unique key', record: thing('b', { code: 'C', name: 'N' }), fields: ['name', 'code'] },
    ]
    for (const { description, record, fields } of conflicts) {
      it(`names what is taken, and writes nothing: ${description}`, async () => {
        const first = await things.insert(thing('a', { name: 'N', code: 'C' }))
        const error = await refusal(things.insert(record))
        expect(error).to.be.instanceOf(ConflictError)
        expect((error as ConflictError).fields).to.deep.equal(fields)
        expect(await find({ limit: 10 })).to.deep.equal([first])
      })
    }

    it('knows no conflict between accounts, and none between absent keys', async () => {
      await things.insert(thing('a', { name: 'N', code: 'C' }))
      await things.insert({ ...thing('a', { name: 'N', code: 'C' }), account: 'globex' })
      await things.insert(thing('b'))
      await things.insert(thing('c'))
      expect(await idsOf(and())).to.deep.equal(['a', 'b', 'c'])
    })

    it('lets exactly one of twenty concurrent inserts have a unique key', async () => {
      const tries = Array.from({ length: 20 }, (_, i) => things.insert(thing(`t${i}`, { name: 'N' })))
      const settled = await Promise.allSettled(tries)
      expect(settled.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
      for (const result of settled) {
        if (result.status === 'rejected') expect(result.reason.fields).to.deep.equal(['name'])
      }
    })
  })

  describe('insertMany', () => {
    it('adds records of several accounts, each with revision 1, and finds them by their indexes', async () => {
      const given = [
        thing('a', { size: 1 }),
        thing('b', { size: 2 }),
        { ...thing('a', { size: 1 }), account: 'globex' },
      ]
      expect(await things.insertMany(given.map(record => ({ ...record, revision: 9 })))).to.equal(3)
      expect(await things.get('globex', 'a')).to.deep.equal(given[2])
      expect(await find({ limit: 10, filter: eq('size', 2) })).to.deep.equal([given[1]])
    })

    it('leaves out those whose keys are taken, by others or among themselves, and adds the rest', async () => {
      const first = await things.insert(thing('a', { code: 'C' }))
      const added = await things.insertMany([
        thing('a'),
        thing('b', { code: 'C' }),
        thing('c'),
        thing('d', { name: 'N' }),
        thing('e', { name: 'N' }),
      ])
      expect(added).to.equal(2)
      expect(await idsOf(and())).to.deep.equal(['a', 'c', 'd'])
      expect(await things.get('acme', 'a')).to.deep.equal(first)
    })

    it('takes the place of what has expired', async () => {
      await things.insert(thing('a', { code: 'C', gone_at: new Date(NOON + 1) }))
      clock.advance(2)
      expect(await things.insertMany([thing('b', { code: 'C' }), thing('c')])).to.equal(2)
      expect(await idsOf(and())).to.deep.equal(['b', 'c'])
    })

    it('keeps a copy, and adds nothing of nothing', async () => {
      const given = thing('a', { tags: ['x'] })
      expect(await things.insertMany([given])).to.equal(1)
      given.tags?.push('y')
      expect((await things.get('acme', 'a'))?.tags).to.deep.equal(['x'])
      expect(await things.insertMany([])).to.equal(0)
    })
  })

  describe('get', () => {
    const absent = [
      { description: 'an unknown id', account: 'acme', id: 'zzz' },
      { description: "another account's id", account: 'globex', id: 'a' },
      { description: 'a name of an object member', account: 'acme', id: '__proto__' },
      { description: 'an empty id', account: 'acme', id: '' },
    ]
    for (const { description, account, id } of absent) {
      it(`is null for ${description}`, async () => {
        await things.insert(thing('a'))
        expect(await things.get(account, id)).to.equal(null)
      })
    }
  })

  describe('replace', () => {
    it('has exactly one winner among 50 concurrent callers', async () => {
      await things.insert(thing('a'))
      const callers = Array.from({ length: 50 }, (_, i) => things.replace(thing('a', { size: i }), 1))
      const winners = (await Promise.all(callers)).filter(record => record !== null)
      expect(winners).to.have.length(1)
      expect(await things.get('acme', 'a')).to.deep.equal(winners[0])
      expect(winners[0]?.revision).to.equal(2)
    })

    const lost = [
      { description: 'a revision of the past', record: thing('a'), revision: 1 },
      { description: 'a revision of the future', record: thing('a'), revision: 3 },
      { description: 'an unknown id', record: thing('b'), revision: 2 },
      { description: "another account's record", record: { ...thing('a'), account: 'globex' }, revision: 2 },
    ]
    for (const { description, record, revision } of lost) {
      it(`is null for ${description}, and writes nothing`, async () => {
        await things.insert(thing('a'))
        const present = await things.replace(thing('a', { size: 1 }), 1)
        expect(await things.replace({ ...record, size: 2 }, revision)).to.equal(null)
        expect(await things.get('acme', 'a')).to.deep.equal(present)
      })
    }

    it('names the keys that another record holds, and keeps its own', async () => {
      await things.insert(thing('a', { name: 'N', code: 'C' }))
      await things.insert(thing('b', { name: 'M' }))
      const error = await refusal(things.replace(thing('b', { name: 'N', code: 'C' }), 1))
      expect((error as ConflictError).fields).to.deep.equal(['name', 'code'])
      expect((await things.replace(thing('b', { name: 'M', size: 1 }), 1))?.revision).to.equal(2)
    })

    it('frees the key that the record had, and drops members that are not there any more', async () => {
      await things.insert(thing('a', { name: 'N', size: 3, tags: ['x'] }))
      await things.replace(thing('a', { name: 'M' }), 1)
      await things.insert(thing('b', { name: 'N' }))
      expect(await idsOf(eq('size', 3))).to.deep.equal([])
      expect(await idsOf(eq('tags', 'x'))).to.deep.equal([])
      expect(await things.get('acme', 'a')).not.to.have.property('size')
    })
  })

  describe('remove', () => {
    const cases = [
      { description: 'a present record', id: 'a', account: 'acme', removed: true },
      { description: 'its revision', id: 'a', account: 'acme', revision: 1, removed: true },
      { description: 'another revision', id: 'a', account: 'acme', revision: 2, removed: false },
      { description: 'an unknown id', id: 'b', account: 'acme', removed: false },
      { description: "another account's id", id: 'a', account: 'globex', removed: false },
    ]
    for (const { description, id, account, revision, removed } of cases) {
      it(`says ${removed} for ${description}`, async () => {
        await things.insert(thing('a', { name: 'N' }))
        expect(await things.remove(account, id, revision)).to.equal(removed)
        expect((await things.get('acme', 'a')) === null).to.equal(removed)
        if (removed) await things.insert(thing('c', { name: 'N' }))
      })
    }
  })

  describe('expiry', () => {
    const rows = [
      { description: 'a moment before', offset: -1, present: true },
      { description: 'at the moment', offset: 0, present: false },
      { description: 'after', offset: 1, present: false },
    ]
    for (const { description, offset, present } of rows) {
      it(`${present ? 'shows' : 'hides'} a record ${description}, swept or not`, async () => {
        await things.insert(thing('a', { name: 'N', gone_at: new Date(NOON + 1000) }))
        clock.set(NOON + 1000 + offset)
        expect((await things.get('acme', 'a')) !== null).to.equal(present)
        expect(await idsOf(and())).to.have.length(present ? 1 : 0)
        expect(await idsOf(eq('name', 'N'))).to.have.length(present ? 1 : 0)
        expect((await things.replace(thing('a'), 9)) === null).to.equal(true)
        expect(await things.removeExpired()).to.equal(present ? 0 : 1)
      })
    }

    it('frees the id and the keys of an expired record, and neither replaces nor removes it', async () => {
      await things.insert(thing('a', { name: 'N', code: 'C', gone_at: new Date(NOON + 1) }))
      clock.advance(1)
      expect(await things.replace(thing('a'), 1)).to.equal(null)
      expect(await things.remove('acme', 'a')).to.equal(false)
      await things.insert(thing('b', { name: 'N' }))
      await things.insert(thing('a', { code: 'C' }))
      expect(await idsOf(and())).to.deep.equal(['a', 'b'])
    })

    it('sweeps every account, and only what is expired', async () => {
      await things.insert(thing('a', { gone_at: new Date(NOON + 1) }))
      await things.insert({ ...thing('a', { gone_at: new Date(NOON + 1) }), account: 'globex' })
      await things.insert(thing('b', { gone_at: new Date(NOON + 2) }))
      await things.insert(thing('c'))
      clock.advance(1)
      expect(await things.removeExpired()).to.equal(2)
      expect(await things.removeExpired()).to.equal(0)
      expect(await idsOf(and())).to.deep.equal(['b', 'c'])
    })
  })

  describe('nextAccount', () => {
    it('goes through the accounts that have a record of the kind, in byte order, each once', async () => {
      const names = ['a', 'a-b', 'a0', 'acme', 'ab', 'b', '0']
      for (const account of names) {
        for (const id of ['y', 'x']) await things.insert({ ...thing(id), account })
      }
      await things.insert({ ...thing('x', { gone_at: new Date(NOON) }), account: 'aa' })
      const others = await store.collection<Thing>({ ...THING_KIND, name: 'thing' })
      await others.insert({ ...thing('x'), account: 'c' })
      const found: string[] = []
      for await (const account of walkAccounts(things)) found.push(account)
      expect(found).to.deep.equal(['0', 'a', 'a-b', 'a0', 'ab', 'acme', 'b'])
      expect(await things.nextAccount('aa')).to.equal('ab')
      expect(await things.nextAccount('b')).to.equal(null)
    })

    it('is null where there is no record', async () => {
      expect(await things.nextAccount('')).to.equal(null)
    })
  })

  describe('find', () => {
    it('is newest first, ties by id, of one account', async () => {
      await things.insert(thing('b', {}, 1))
      await things.insert(thing('a', {}, 1))
      await things.insert(thing('c', {}, 0))
      await things.insert(thing('ab', {}, 1))
      await things.insert({ ...thing('x', {}, 5), account: 'globex' })
      expect((await find({ limit: 10 })).map(({ id }) => id)).to.deep.equal(['b', 'ab', 'a', 'c'])
      expect((await find({ limit: 2 })).map(({ id }) => id)).to.deep.equal(['b', 'ab'])
    })

    it('walks every surviving row exactly once while rows come and go (25 of one timestamp, pages of 10)', async () => {
      const rows = Array.from({ length: 25 }, (_, i) => thing(`r${String(i).padStart(2, '0')}`))
      for (const row of rows) await things.insert(row)
      const seen: string[] = []
      let after: Position | null = null
      for (let page = 0; page === 0 || after !== null; page++) {
        const { records, next }: Page<Thing> = await things.find('acme', { limit: 10, ...(after && { after }) })
        seen.push(...records.map(({ id }) => id))
        after = next
        await things.insert(thing(`n${page}`, {}, 1 + page))
        await things.remove('acme', records.at(-1)?.id ?? '')
      }
      expect(seen).to.deep.equal(rows.map(({ id }) => id).reverse())
    })

    it('holds at least one record, and ends where the next would make it larger than 2 MB', async () => {
      const size = [500_000, 600_000, 3_000_000, 1_000_000, 900_000, 2_500_000]
      for (const [i, length] of size.entries())
        await things.insert(thing(`r${9 - i}`, { note: 'x'.repeat(length) }, 9 - i))
      const pages: number[] = []
      for (let after: Position | null | undefined; after !== null; ) {
        const page: Page<Thing> = await things.find('acme', { limit: 10, ...(after && { after }) })
        pages.push(page.records.length)
        after = page.next
      }
      expect(pages).to.deep.equal([2, 1, 2, 1])
    })

    it('looks at 5 000 rows for one page, gives way meanwhile, and finds what stands behind them', async () => {
      const rows = 5_200
      await things.insert(thing('last', { note: 'needle' }))
      for (let i = 0; i < rows; i += 100) {
        await Promise.all(
          Array.from({ length: 100 }, (_, j) => things.insert(thing(`r${i + j}`, { note: 'hay' }, 1 + i))),
        )
      }
      let turns = 0
      let isWalking = true
      const count = (): void => {
        turns++
        if (isWalking) setImmediate(count)
      }
      setImmediate(count)
      const filter: Filter = { type: 'text', value: 'needle' }
      const first = await things.find('acme', { filter, limit: 10 })
      isWalking = false
      expect(first.records).to.deep.equal([])
      expect(turns).to.be.above(2)
      if (first.next === null) return expect.fail('the walk ended')
      const second = await things.find('acme', { filter, limit: 10, after: first.next })
      expect(second).to.deep.include({ next: null })
      expect(second.records.map(({ id }) => id)).to.deep.equal(['last'])
      expect(await findFirst(things, 'acme', filter)).to.deep.equal(second.records[0])
    })

    it('finds the one record of a unique value by its key, however many rows there are', async () => {
      await things.insert(thing('a', { name: 'N', size: 1 }))
      await things.insert(thing('b', { name: 'M', size: 1 }))
      expect((await things.find('acme', { filter: eq('name', 'N'), limit: 1 })).next).to.equal(null)
      expect(await idsOf(and(eq('size', 1), eq('name', 'N')))).to.deep.equal(['a'])
      expect(await idsOf(and(eq('size', 2), eq('name', 'N')))).to.deep.equal([])
      expect(await idsOf(and(eq('name', 'N'), eq('name', 'M')))).to.deep.equal([])
      const after = { createdAt: new Date(NOON), id: 'a' }
      expect((await things.find('acme', { filter: eq('name', 'N'), limit: 1, after })).records).to.deep.equal([])
      expect(
        (await things.find('acme', { filter: eq('name', 'N'), limit: 1, after: { ...after, id: 'b' } })).records,
      ).to.have.length(1)
    })

    it('refuses a path that the kind does not declare', async () => {
      expect(await refusal(things.find('acme', { filter: eq('secret', 'x'), limit: 1 }))).to.be.instanceOf(TypeError)
    })

    const compare = (operator: 'gt' | 'gte' | 'lt' | 'lte', path: string, value: Scalar): Filter => ({
      type: 'compare',
      operator,
      path,
      value,
    })
    const prefix = (path: string, value: string): Filter => ({ type: 'prefix', path, value })
    const text = (value: string): Filter => ({ type: 'text', value })
    const filters: { description: string; filter: Filter; ids: string[] }[] = [
      { description: 'no condition', filter: and(), ids: ['a', 'b', 'c'] },
      { description: 'equal text', filter: eq('name', 'Alpha'), ids: ['a'] },
      { description: 'equal text in another case', filter: eq('name', 'alpha'), ids: [] },
      { description: 'an equal number', filter: eq('size', 10), ids: ['b'] },
      { description: 'a number as text', filter: eq('size', '10'), ids: [] },
      { description: 'a boolean', filter: eq('open', false), ids: ['b'] },
      { description: 'a date', filter: eq('seen', new Date(NOON)), ids: ['a'] },
      { description: 'a date as a number', filter: eq('seen', NOON), ids: [] },
      { description: 'not equal, absent included', filter: not(eq('size', 10)), ids: ['a', 'c'] },
      { description: 'an element of a list', filter: eq('tags', 'red'), ids: ['a', 'b'] },
      { description: 'no element of a list', filter: not(eq('tags', 'red')), ids: ['c'] },
      { description: 'a member of objects in a list', filter: eq('parts.value', 'read:users'), ids: ['a'] },
      { description: 'greater', filter: compare('gt', 'size', 2), ids: ['b'] },
      { description: 'greater or equal', filter: compare('gte', 'size', 2), ids: ['a', 'b'] },
      { description: 'less', filter: compare('lt', 'size', 10), ids: ['a'] },
      { description: 'less or equal', filter: compare('lte', 'size', 10), ids: ['a', 'b'] },
      { description: 'a later date', filter: compare('gt', 'seen', new Date(NOON)), ids: ['b'] },
      { description: 'a prefix', filter: prefix('name', 'Al'), ids: ['a'] },
      { description: 'a prefix in another case', filter: prefix('name', 'al'), ids: [] },
      { description: 'a prefix of an element', filter: prefix('tags', 'gre'), ids: ['a'] },
      { description: 'a prefix with pattern characters', filter: prefix('name', 'A.*'), ids: [] },
      { description: 'literal pattern characters', filter: prefix('name', 'B.*(['), ids: ['b'] },
      { description: 'a value that looks like an operator', filter: eq('name', '{"$ne":null}'), ids: [] },
      { description: 'text anywhere, any case', filter: text('LPH'), ids: ['a'] },
      { description: 'text of several fields', filter: text('straße'), ids: ['b'] },
      { description: 'folded text', filter: text('STRASSE'), ids: ['b'] },
      { description: 'text with pattern characters', filter: text('.*(['), ids: ['b'] },
      { description: 'text in a field that is not searched', filter: text('red'), ids: [] },
      { description: 'both', filter: and(eq('tags', 'red'), eq('size', 10)), ids: ['b'] },
      { description: 'a contradiction', filter: and(eq('size', 2), not(eq('size', 2))), ids: [] },
      { description: 'a double negation', filter: not(not(eq('size', 2))), ids: ['a'] },
      { description: 'the negation of everything', filter: not(and()), ids: [] },
    ]
    for (const { description, filter, ids } of filters) {
      it(`filters by ${description}`, async () => {
        await things.insert(
          thing('a', {
            name: 'Alpha',
            size: 2,
            open: true,
            seen: new Date(NOON),
            tags: ['red', 'green'],
            parts: [{ value: 'write:users' }, { value: 'read:users' }],
          }),
        )
        const seen = new Date(NOON + 1)
        await things.insert(thing('b', { name: 'B.*([', note: 'Straße', size: 10, open: false, seen, tags: ['red'] }))
        await things.insert(thing('c', { parts: [{ value: 'read' }] }))
        expect(await idsOf(filter)).to.deep.equal(ids)
      })
    }

    it('tells long values apart that begin alike', async () => {
      const long = 'x'.repeat(2000)
      await things.insert(thing('a', { tags: [`${long}1`], name: `${long}1` }))
      await things.insert(thing('b', { tags: [`${long}2`], name: `${long}2` }))
      expect(await idsOf(eq('tags', `${long}1`))).to.deep.equal(['a'])
      expect(await idsOf(eq('name', `${long}2`))).to.deep.equal(['b'])
    })
  })

  describe('close', () => {
    it('may be called twice, and then nothing answers', async () => {
      await store.ping()
      await store.close()
      await store.close()
      expect(await refusal(store.ping())).to.be.instanceOf(StoreUnavailableError)
    })
  })
}
