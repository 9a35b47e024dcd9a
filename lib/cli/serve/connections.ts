import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'

/** Called when a request was answered, or its connection broke off. `ms`: how long it took. */
export type Answered = (request: { method: string; url: string }, res: ServerResponse, ms: number) => void

/** How long a connection may be silent when the service stops, in milliseconds: its next request may be on the way. */
const LINGER = 100

/** How long those are taken that have connected when the service stops, in milliseconds: others come meanwhile. */
const TAKING = 1_000

/** Which connections are open, and which requests are under way on each. */
export interface Connections {
  /** A request begins. */
  begin(req: IncomingMessage, res: ServerResponse): void
  /**
   * Takes no new connection, ends those without a request under way at once (after 100 ms) and the others when they are
   * answered. What still comes meanwhile is answered, and told that its connection ends.
   * @param timeout when every connection is cut off, in milliseconds
   */
  drain(timeout: number): Promise<void>
}

/** Keeps watch over a server. Node itself does not count a connection as idle that was opened and has sent nothing. */
export function trackConnections(http: Server, answered: Answered): Connections {
  const open = new Map<Socket, Set<ServerResponse>>()
  let stopping = false

  http.on('connection', (socket: Socket) => {
    const underWay = new Set<ServerResponse>()
    open.set(socket, underWay)
    socket.once('close', () => open.delete(socket))
    if (stopping) endUnlessUsed(socket, underWay)
  })

  return {
    begin(req, res) {
      const { socket, method = '', url = '' } = req
      const start = performance.now()
      const underWay = open.get(socket) ?? new Set()
      if (stopping) announceEnd(res, underWay)
      underWay.add(res)
      res.once('close', () => {
        underWay.delete(res)
        if (stopping) endUnlessUsed(socket, underWay)
        answered({ method, url }, res, performance.now() - start)
      })
    },
    async drain(timeout) {
      stopping = true
      for (const [socket, underWay] of open) {
        closeAfter([...underWay].at(-1))
        endUnlessUsed(socket, underWay)
      }
      await takeWaiting(http)
      const closed = new Promise<void>(resolve => http.once('close', () => resolve()))
      // Not that of the HTTP server, which ends connections whose next request is on the way.
      NetServer.prototype.close.call(http)
      const force = setTimeout(() => http.closeAllConnections(), timeout)
      await closed
      clearTimeout(force)
    },
  }
}

/** Who has connected already is taken: Node takes one connection in each turn of its loop, and may be late with all of them. */
async function takeWaiting(http: Server): Promise<void> {
  const start = performance.now()
  let taken = false
  const note = (): void => {
    taken = true
  }
  http.on('connection', note)
  // The turn that is under way may have looked for connections before: only a whole one tells that there are none.
  for (let quiet = 0; quiet < 2 && performance.now() - start < TAKING; quiet = taken ? 0 : quiet + 1) {
    taken = false
    await new Promise(resolve => setImmediate(resolve))
  }
  http.off('connection', note)
}

function endUnlessUsed(socket: Socket, underWay: ReadonlySet<ServerResponse>): void {
  const end = (): void => {
    if (underWay.size === 0) socket.destroySoon()
  }
  // What has arrived is read before: a busy process comes late to its timers.
  setTimeout(() => setImmediate(end), LINGER)
}

/** Only the last answer on a connection may say that it ends: what comes after it is not read (RFC 9112 §9.6). */
function announceEnd(res: ServerResponse, underWay: ReadonlySet<ServerResponse>): void {
  const last = [...underWay].at(-1)
  if (last !== undefined && !last.headersSent) last.setHeader('Connection', 'keep-alive')
  closeAfter(res)
}

function closeAfter(res: ServerResponse | undefined): void {
  if (res !== undefined && !res.headersSent) res.setHeader('Connection', 'close')
}
