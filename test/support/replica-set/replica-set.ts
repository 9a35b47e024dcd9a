import { mongoDatabase, requireMongo } from '../stores.js'
import { Member } from './member.js'
import { type Document, decode } from './messages.js'
import { RetryableWrites } from './retryable-writes.js'
import { Upstream } from './upstream.js'

/** What becomes of a primary that reaches no majority, before another one is elected. */
export const FAULTS = {
  'steps down': { isLosing: false, begin: (old: Member) => old.stepDown() },
  'is cut off': { isLosing: false, begin: (old: Member) => old.cut() },
  hangs: { isLosing: false, begin: (old: Member) => old.hang() },
  'still takes itself for the primary': { isLosing: true, begin: () => undefined },
} as const

/**
 * A replica set, for clients: two members with data, and whoever else votes, before one server that knows of no sets. So
 * what is read is never old, and what was written is never rolled back: in a real set both may be so, for what no majority
 * has.
 */
export class ReplicaSet {
  readonly writes = new RetryableWrites()
  readonly #members: readonly [Member, Member]
  readonly #database: string
  #primary: Member
  #terms = 0

  private constructor(database: URL, base: Document, isAwaitable: boolean) {
    const describe = (): Document => ({
      ...base,
      ...{ helloOk: true, setName: 'rs0', setVersion: 1, hosts: this.#members.map(({ address }) => address) },
      ...(this.#primary.isPrimary && { primary: this.#primary.address }),
      logicalSessionTimeoutMinutes: 30,
    })
    const common = { port: portOf(database), writes: this.writes, describe }
    this.#members = [new Member(common, isAwaitable), new Member(common, isAwaitable)]
    this.#primary = this.#members[0]
    this.#database = database.pathname
  }

  /** Skips a suite where there is no server, or where `MONGODB_URI` names one that is a member of a set itself. */
  static async require(context: Mocha.Context): Promise<void> {
    await requireMongo(context)
    const base = await describeServer(portOf(new URL(await mongoDatabase())))
    if (isAlone(base)) return
    console.warn('  skipped: MONGODB_URI must name a server that stands alone')
    context.skip()
  }

  /**
   * @param uri the database, on a server on loopback
   * @param isAwaitable members tell of a change at once, as from version 4.4 on; else they are asked at intervals
   */
  static async start(uri: string, isAwaitable = true): Promise<ReplicaSet> {
    const database = new URL(uri)
    const set = new ReplicaSet(database, await describeServer(portOf(database)), isAwaitable)
    await Promise.all(set.#members.map(member => member.listen()))
    set.#lead(set.#primary)
    return set
  }

  get uri(): string {
    return `mongodb://${this.#members.map(({ address }) => address).join(',')}${this.#database}?replicaSet=rs0`
  }

  /** The one that was elected last. */
  get primary(): Member {
    return this.#primary
  }

  get other(): Member {
    const [first, second] = this.#members
    return this.#primary === first ? second : first
  }

  /** The other member is the primary from now on, whatever the old one takes itself for. */
  elect(): void {
    const old = this.#primary
    this.#lead(this.other)
    old.follow()
  }

  #lead(member: Member): void {
    this.#primary = member
    member.lead(++this.#terms)
  }

  close(): void {
    for (const member of this.#members) member.cut()
  }
}

const portOf = ({ port }: URL): number => Number(port || 27_017)

async function describeServer(port: number): Promise<Document> {
  const upstream = await Upstream.open(port)
  const base = decode(await upstream.command({ isMaster: 1, $db: 'admin' }))
  upstream.close()
  return base
}

/** What a member of a set, or of a sharded cluster, says of its own part would contradict ours. */
const isAlone = (base: Document): boolean => base['setName'] === undefined && base['msg'] === undefined
