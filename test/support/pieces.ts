import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

export interface Answer {
  status: number
  headers: string
  text: string
}

/** How far a request has come. */
export interface Arrival {
  /** Resolves when the server has read this many pieces. */
  arrived(pieces: number): Promise<void>
}

/**
 * Sends what stands in the pieces over a socket, each piece once the server has read the one before, and reads the answer
 * until the server closes. The request has to ask for that (`Connection: close`).
 *
 * @param createListener makes the server's application
 */
export async function sendPieces(
  createListener: (arrival: Arrival) => RequestListener,
  pieces: readonly (string | Buffer)[],
): Promise<Answer> {
  let socket: Socket | undefined
  const lengths = pieces.map((_, i) => Buffer.concat(pieces.slice(0, i + 1).map(piece => Buffer.from(piece))).length)
  const arrived = async (count: number): Promise<void> => {
    const expected = lengths[count - 1] ?? 0
    while (!socket?.destroyed && (socket?.bytesRead ?? 0) < expected) await turn()
  }
  const server = createServer(createListener({ arrived })).listen(0, '127.0.0.1')
  server.once('connection', connected => {
    socket = connected
  })
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay()
  try {
    const answer = readAll(client)
    for (const [i, piece] of pieces.entries()) {
      client.write(piece)
      await arrived(i + 1)
    }
    return parseAnswer(await answer)
  } finally {
    client.destroy()
    server.closeAllConnections()
    server.close()
  }
}

/** Sends one request in one piece to a port of this machine. */
export async function sendTo(port: number, text: string): Promise<Answer> {
  const client = connect(port, '127.0.0.1')
  client.write(text)
  return parseAnswer(await readAll(client))
}

async function readAll(client: Socket): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of client) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

export function parseAnswer(text: string): Answer {
  const [headers = '', ...rest] = text.split('\r\n\r\n')
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(headers)?.[1]), headers, text: rest.join('\r\n\r\n') }
}

/** The head of a request, and its end. */
export function requestHead(start: string, ...headers: string[]): string {
  return [`${start} HTTP/1.1`, 'Host: id.example.com', 'Connection: close', ...headers, '', ''].join('\r\n')
}

/** Sends one request in one piece. */
export function sendRaw(listener: RequestListener, text: string | Buffer): Promise<Answer> {
  return sendPieces(() => listener, [text])
}
