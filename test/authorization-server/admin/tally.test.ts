import { expect } from 'chai'
import { createTally } from '../../../lib/authorization-server/admin/tally.js'
import { eq } from '../../../lib/query/tree.js'
import type { Collection, FindOptions, StoredRecord } from '../../../lib/store/port.js'

const filter = eq('id', 'x')

/** A list of pages; every record is called by its number. */
function listOf(
  pages: number,
  sizeOf: (page: number) => number,
): { collection: Collection<StoredRecord>; asked: FindOptions[] } {
  const asked: FindOptions[] = []
  const date = new Date(0)
  const find: Collection<StoredRecord>['find'] = async (account, options) => {
    const page = asked.push(options)
    const records = Array.from({ length: sizeOf(page) }, (_, at) => {
      return { id: `${page}-${at}`, account, revision: 1, createdAt: date, updatedAt: date }
    })
    return { records, next: page < pages ? { createdAt: date, id: `end of ${page}` } : null }
  }
  return { collection: { find } as unknown as Collection<StoredRecord>, asked }
}

describe('a tally', () => {
  const cases: {
    description: string
    pages: number
    sizeOf: (page: number) => number
    counted: number
    isCut: boolean
  }[] = [
    { description: 'counts nothing of an empty list', pages: 1, sizeOf: () => 0, counted: 0, isCut: false },
    { description: 'goes on behind an empty page', pages: 3, sizeOf: page => page - 1, counted: 3, isCut: false },
    { description: 'counts 50 pages', pages: 50, sizeOf: () => 1, counted: 50, isCut: false },
    { description: 'stops after 50 pages', pages: 51, sizeOf: () => 1, counted: 50, isCut: true },
    { description: 'stops where nothing is found either', pages: 1_000, sizeOf: () => 0, counted: 0, isCut: true },
  ]
  for (const { description, pages, sizeOf, counted, isCut } of cases) {
    it(description, async () => {
      const tally = createTally()
      const { collection, asked } = listOf(pages, sizeOf)
      const look = { collection, account: 'default', filter }
      expect(
        await tally.count(
          look,
          () => true,
          () => 'cli_1',
        ),
      ).to.equal(counted)
      expect(tally.isCut()).to.equal(isCut)
      expect(tally.clients()).to.deep.equal(counted === 0 ? [] : ['cli_1'])
      expect(asked).to.have.length(Math.min(pages, 50))
      for (const [at, options] of asked.entries()) {
        expect(options).to.deep.include({ filter, limit: 200 })
        expect(options.after?.id).to.equal(at === 0 ? undefined : `end of ${at}`)
      }
    })
  }

  it('names clients of what is concerned alone, each once, 100 at most', async () => {
    const tally = createTally()
    const { collection } = listOf(1, () => 200)
    const isEven = ({ id }: StoredRecord): boolean => Number(id.slice(2)) % 2 === 0
    const look = { collection, account: 'default', filter }
    expect(await tally.count(look, isEven, ({ id }) => id)).to.equal(100)
    expect([tally.clients().length, tally.isCut()]).to.deep.equal([100, false])
    tally.client('1-0')
    expect(tally.isCut()).to.equal(false)
    tally.client('one more')
    expect([tally.clients().length, tally.isCut()]).to.deep.equal([100, true])
  })
})
