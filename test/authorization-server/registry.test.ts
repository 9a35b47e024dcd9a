import { expect } from 'chai'
import { forwardClock } from '../../lib/clock.js'
import { createRegistry } from '../../lib/authorization-server/context/registry.js'
import type { Records } from '../../lib/authorization-server/context/context.js'
import type { ClientRecord } from '../../lib/store/records.js'
import { setClock } from '../support/set-clock.js'

const MIB = 1024 * 1024

/** A registry over clients of this many bytes; those whose id starts with `no` are absent. */
function start(bytes: number) {
  const clock = setClock()
  const reads: string[] = []
  let isAbsent = (id: string): boolean => id.startsWith('no')
  const clients = {
    async get(_account: string, id: string) {
      reads.push(id)
      return isAbsent(id) ? null : ({ id, description: 'x'.repeat(bytes) } as ClientRecord)
    },
  }
  const records = { clients, apis: {} } as unknown as Pick<Records, 'apis' | 'clients'>
  const registry = createRegistry(records, forwardClock(clock))
  return {
    clock,
    reads,
    registry,
    appear: () => {
      isAbsent = () => false
    },
    vanish: () => {
      isAbsent = () => true
    },
    /** Which of the ids are answered without asking the store? */
    kept: async (ids: string[]) => {
      const held = []
      for (const id of ids) if (!(registry.client('acme', id) instanceof Promise)) held.push(id)
      return held
    },
  }
}

describe('the cache of clients and APIs', () => {
  for (const bytes of [100, 40_000, 1.9 * MIB]) {
    it(`keeps 32 MiB at most of records of ${bytes} bytes`, async () => {
      const test = start(bytes)
      const ids = Array.from({ length: Math.ceil((40 * MIB) / Math.max(bytes, 40_000)) }, (_, i) => `c${i}`)
      for (const id of ids) await test.registry.client('acme', id)
      const kept = await test.kept(ids)
      expect(kept.length * bytes).to.be.at.most(32 * MIB)
      expect(kept.length).to.be.above(Math.min(ids.length, (30 * MIB) / bytes) - 1)
      expect(kept).to.include(ids.at(-1))
    })
  }

  it('keeps no record that is larger than everything', async () => {
    const test = start(33 * MIB)
    expect(await test.registry.client('acme', 'c')).to.have.property('id', 'c')
    expect(await test.kept(['c'])).to.deep.equal([])
  })

  it('asks once for an unknown client in two seconds, as often as it is named', async () => {
    const test = start(1)
    for (const [after, reads] of [
      [0, 1],
      [0, 1],
      [2_000, 1],
      [1, 2],
    ] as const) {
      test.clock.advance(after)
      expect(await test.registry.client('acme', 'nobody')).to.equal(null)
      expect(test.reads).to.have.length(reads)
    }
  })

  it('finds at once what this process made meanwhile, and within two seconds what another one did', async () => {
    const test = start(1)
    expect(await test.registry.client('acme', 'nobody')).to.equal(null)
    test.appear()
    test.registry.clientChanged('acme', 'nobody')
    expect(await test.registry.client('acme', 'nobody')).to.have.property('id', 'nobody')
    expect(await test.registry.client('acme', 'norman')).to.have.property('id', 'norman')
  })

  const jumps = [
    { description: 'as it goes', ms: [] },
    { description: 'set back by an hour', ms: [-3_600_000] },
    { description: 'a day ahead, and corrected', ms: [86_400_000, -86_400_000] },
    { description: 'set back twice', ms: [-1_000, -5_000] },
  ]
  for (const { description, ms } of jumps) {
    it(`sees after fifteen seconds what another process deleted, the clock ${description}`, async () => {
      const test = start(1)
      await test.registry.client('acme', 'c')
      for (const jump of ms) {
        test.clock.advance(jump)
        await test.registry.client('acme', 'c')
      }
      test.vanish()
      test.clock.advance(15_001)
      expect(await test.registry.client('acme', 'c')).to.equal(null)
    })
  }
})
