import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type Failure, failure, unconfirmed } from './failures.js'
import { type Document, formatReply, parseRequest, type Request, readMessages } from './messages.js'
import type { RetryableWrites } from './retryable-writes.js'
import { Standing } from './standing.js'
import { Upstream } from './upstream.js'

/** What all members of a set have in common. */
export interface Common {
  /** Port of the server that keeps the data. */
  port: number
  writes: RetryableWrites
  /** What every member says of the set, and of its versions and sizes. */
  describe(): Document
}

/** Commands that a member answers whatever it is. */
const ANYWHERE: ReadonlySet<string> = new Set(['ping', 'buildInfo', 'getMore', 'killCursors'])
const READS: ReadonlySet<string> = new Set([
  ...['find', 'count', 'aggregate', 'distinct', 'listCollections', 'listIndexes'],
])
const HELLO: ReadonlySet<string> = new Set(['hello', 'isMaster', 'ismaster'])

/** A member of a replica set, for clients: it stands before the server that keeps the data of all members. */
export class Member {
  readonly #common: Common
  readonly #standing: Standing
  readonly #events = new EventEmitter().setMaxListeners(0)
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0
  #isHung = false
  #isIsolated = false
  #losesWrites = false
  #held = 0
  #underWay = 0

  constructor(common: Common, isAwaitable: boolean) {
    this.#common = common
    this.#standing = new Standing(isAwaitable)
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  get isPrimary(): boolean {
    return this.#standing.isPrimary
  }

  async listen(): Promise<void> {
    this.#server = createServer({ noDelay: true }, socket => this.#accept(socket))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** It has won an election: every later one has a higher number. */
  lead(term: number): void {
    this.#standing.set(term)
  }

  /** Another one has won an election. */
  follow(): void {
    this.#standing.change()
  }

  /**
   * From now on it reaches no majority. Of the writes that need one every other one is made, or with `isLosing` none; none is
   * confirmed. Those that need none are confirmed; a real server may roll them back later.
   */
  isolate(isLosing = false): void {
    this.#isIsolated = true
    this.#losesWrites = isLosing
    this.#held = 0
  }

  /** Resolves when so many writes have begun to wait for a majority. */
  async holds(count: number): Promise<void> {
    while (this.#held < count) await once(this.#events, 'held')
  }

  /** In order: it interrupts what waits, keeps its connections, and tells everybody who waits for a change. */
  stepDown(): void {
    this.#standing.set(undefined)
    this.#events.emit('interrupt')
  }

  /** Its process ends. */
  cut(): void {
    this.#server?.close()
    this.#server = undefined
    for (const socket of this.#sockets) socket.destroy()
  }

  /** It takes connections and commands, and answers nothing. */
  hang(): void {
    this.#isHung = true
  }

  /** It finds that there is another primary, and is a secondary. Resolves when it has answered whatever it was sent before. */
  async rejoin(): Promise<void> {
    this.#isIsolated = false
    this.#isHung = false
    if (this.#server === undefined) {
      this.#standing.restart()
      await this.listen()
    }
    this.stepDown()
    this.#events.emit('awake')
    while (this.#underWay > 0) await once(this.#events, 'answered')
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    // A connection that breaks is the client's concern.
    this.#serve(socket).catch(() => undefined)
  }

  async #serve(socket: Socket): Promise<void> {
    const upstream = await Upstream.open(this.#common.port)
    // Also where a command is under way that may never be answered.
    socket.on('close', () => upstream.close())
    try {
      for await (const message of readMessages(socket)) await this.#answer(parseRequest(message), socket, upstream)
    } finally {
      socket.destroy()
    }
  }

  async #answer(request: Request, socket: Socket, upstream: Upstream): Promise<void> {
    const [name = ''] = Object.keys(request.command)
    if (HELLO.has(name)) return this.#sayHello(request, socket)
    this.#underWay++
    try {
      await this.#awake()
      const answer = await this.#carryOut(name, request.command, upstream)
      await this.#awake()
      if (!request.isUnacknowledged) socket.write(formatReply(answer, request))
    } finally {
      this.#underWay--
      this.#events.emit('answered')
    }
  }

  async #awake(): Promise<void> {
    while (this.#isHung) await once(this.#events, 'awake')
  }

  /** At once, or when there is something new: then again and again, where the client is content with that. */
  async #sayHello({ command, ...request }: Request, socket: Socket): Promise<void> {
    let known = command['topologyVersion'] as Document | undefined
    do {
      if (known !== undefined) await this.#standing.news(known, Number(command['maxAwaitTimeMS']))
      await this.#awake()
      if (socket.destroyed) return
      const version = this.#standing.version()
      const hello = {
        ...this.#common.describe(),
        ...this.#standing.describe(this.address),
        localTime: new Date(),
        ok: 1,
      }
      known = known && (version['topologyVersion'] as Document)
      socket.write(formatReply(hello, { command, ...request }, request.allowsMore && known !== undefined))
    } while (request.allowsMore && known !== undefined)
  }

  async #carryOut(name: string, command: Document, upstream: Upstream): Promise<Document | Buffer> {
    const refuse = (codeName: Failure): Document => failure(codeName, command, this.#standing.version())
    if (name === 'endSessions') return { ok: 1 }
    if (command['autocommit'] !== undefined) return refuse('IllegalOperation')
    if (ANYWHERE.has(name)) return upstream.command(plain(command))
    if (READS.has(name)) {
      if (!this.isPrimary && command['$readPreference'] === undefined) return refuse('NotPrimaryNoSecondaryOk')
      return upstream.command(plain(command))
    }
    if (!this.isPrimary) return refuse('NotWritablePrimary')
    if (this.#isIsolated && needsMajority(command)) return this.#hold(command, upstream)
    return this.#write(command, upstream)
  }

  #write(command: Document, upstream: Upstream): Promise<Buffer> {
    return this.#common.writes.once(command, () => upstream.command(plain(command)))
  }

  async #hold(command: Document, upstream: Upstream): Promise<Document> {
    const isMade = this.#held++ % 2 === 0 && !this.#losesWrites
    const interrupted = once(this.#events, 'interrupt')
    const answer = isMade ? await this.#write(command, upstream) : undefined
    this.#events.emit('held')
    await interrupted
    if (answer !== undefined) return unconfirmed(answer, command, this.#standing.version())
    return failure('InterruptedDueToReplStateChange', command, this.#standing.version())
  }
}

/**
 * What the server that keeps the data need not know: sessions are kept by nobody here. A real member checks cluster times
 * (`$clusterTime`) too, and returns its own, by which a client may demand to read what it has written from a secondary.
 */
function plain(command: Document): Document {
  const { lsid: _session, txnNumber: _number, $clusterTime: _time, $readPreference: _preference, ...rest } = command
  return rest
}

const needsMajority = ({ writeConcern }: Document): boolean =>
  (writeConcern as Document | undefined)?.['w'] === 'majority'
