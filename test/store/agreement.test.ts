import { expect } from 'chai'
import { ConflictError } from '../../lib/errors.js'
import { createId } from '../../lib/store/ids.js'
import { and, eq, type Filter, not } from '../../lib/query/tree.js'
import type { Collection, RecordKind, Store } from '../../lib/store/port.js'
import { random } from '../support/random.js'
import { setClock } from '../support/set-clock.js'
import { requireMongo, storeEngines } from '../support/stores.js'
import { APPENDED_KIND, NOON, THING_KIND, type Thing, thing } from './kinds.js'

type Step = (things: Collection<Thing>) => Promise<unknown>

function randomStep(next: (below: number) => number, now: number): Step {
  const account = next(4) === 0 ? 'globex' : 'acme'
  const record = { ...randomThing(next, now), account }
  const revision = 1 + next(3)
  const filter = randomFilter(next)
  const conditional = next(2) === 0
  switch (next(7)) {
    case 0:
    case 1:
      return things => things.insert(record)
    case 2:
      return things => things.replace(record, revision)
    case 3:
      return things => things.remove(account, record.id, conditional ? revision : undefined)
    case 4:
      return things => things.find(account, { filter, limit: 1 + revision, after: record })
    case 5:
      return things => things.insertMany([record, { ...record, id: `${record.id}x` }])
    default:
      return things => things.find(account, { filter, limit: 100 })
  }
}

function randomThing(next: (below: number) => number, now: number): Thing {
  const some = <T>(value: T, name: string): object => (next(3) === 0 ? {} : { [name]: value })
  return {
    ...thing(`t${next(12)}`, {}, next(5)),
    ...some(`n${next(6)}`, 'name'),
    ...some(`c${next(40)}`, 'code'),
    ...some(next(4), 'size'),
    ...some([`x${next(3)}`, `y${next(3)}`], 'tags'),
    ...(next(5) === 0 && { gone_at: new Date(now + next(30)) }),
  }
}

function randomFilter(next: (below: number) => number): Filter {
  const nodes: Filter[] = [
    eq('size', next(4)),
    not(eq('tags', `x${next(3)}`)),
    { type: 'compare', operator: 'gte', path: 'size', value: next(4) },
    { type: 'prefix', path: 'name', value: 'n' },
    { type: 'text', value: `N${next(6)}` },
    eq('tags', `y${next(3)}`),
  ]
  return and(...nodes.filter(() => next(4) === 0))
}

type CreateStep = (next: (below: number) => number, now: number) => Step

/** Many at once that follow each other in time; some are as old as others, or older: two servers write, or the clock was set. */
function appendingSteps(): CreateStep {
  const ids: Thing[] = []
  const known = (next: (below: number) => number): Thing => ids[next(ids.length)] ?? appended(next, NOON)
  return (next, now) => {
    const { id, account } = known(next)
    const revision = 1 + next(2)
    const filter = randomFilter(next)
    switch (next(8)) {
      case 0:
      case 1:
      case 2: {
        const start = next(6) === 0 ? NOON + next(now - NOON + 1) : now
        const batch = Array.from({ length: 1 + next(150) }, (_, i) => appended(next, start + Math.floor(i / 3)))
        ids.push(...batch)
        const given = next(5) === 0 ? batch.reverse() : [...batch, ...batch.slice(0, 3)]
        return things => things.insertMany(given)
      }
      case 3:
        return things => things.get(account, id)
      case 4:
        return things => (revision === 1 ? things.remove(account, id) : things.removeExpired().then(() => undefined))
      case 5: {
        const record = { ...appended(next, now), id, account }
        return things => things.replace(record, revision)
      }
      case 6: {
        const record = known(next)
        return things => things.insert(record)
      }
      default: {
        const options = { filter, limit: 1 + next(90), ...(next(2) === 0 && { after: known(next) }) }
        return things => things.find(account, options)
      }
    }
  }
}

function appended(next: (below: number) => number, time: number): Thing {
  const { name: _name, code: _code, ...members } = randomThing(next, time)
  const createdAt = new Date(time)
  const account = next(6) === 0 ? 'globex' : 'acme'
  return { ...members, id: createId(APPENDED_KIND.idPrefix, time), account, createdAt, updatedAt: createdAt }
}

const kinds: { kind: RecordKind<Thing>; steps: () => CreateStep }[] = [
  { kind: THING_KIND, steps: () => randomStep },
  { kind: APPENDED_KIND, steps: appendingSteps },
]

describe('store engines', () => {
  before(function prepare() {
    return requireMongo(this)
  })

  for (const { kind, steps, seed } of kinds.flatMap(one => [1, 2, 3, 4].map(seed => ({ ...one, seed })))) {
    it(`agree on every result of 300 random operations on ${kind.name} (seed ${seed})`, async () => {
      const clock = setClock(NOON)
      const stores: Store[] = await Promise.all(storeEngines.map(engine => engine.open(clock)))
      try {
        const collections = await Promise.all(stores.map(store => store.collection(kind)))
        const next = random(seed)
        const createStep = steps()
        for (let i = 0; i < 300; i++) {
          const step = createStep(next, clock.now())
          clock.advance(next(3))
          const results = []
          for (const things of collections) results.push(await outcome(step, things))
          expect(results[0], `operation ${i}`).to.deep.equal(results[1])
        }
      } finally {
        await Promise.all(stores.map(store => store.close()))
      }
    })
  }
})

async function outcome(step: Step, things: Collection<Thing>): Promise<unknown> {
  try {
    return comparable(await step(things))
  } catch (error) {
    if (error instanceof ConflictError) return { conflict: error.fields }
    throw error
  }
}

/** Where a page goes on differs: an engine may have looked at more rows that do not fit. That it goes on must not. */
function comparable(result: unknown): unknown {
  const isPage = typeof result === 'object' && result !== null && 'records' in result && 'next' in result
  return isPage ? { records: result.records, goesOn: result.next !== null } : result
}
