import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type Answer, parseAnswer } from './pieces.js'

/** What a client read until its connection was closed, and what it had written by then. */
export interface Outcome extends Answer {
  /** Bytes of the body. */
  written: number
  /** Why the connection broke, if it did: `EPIPE`, `ECONNRESET`. */
  fault: string | undefined
}

export interface Upload {
  /** The request's head, and its end. */
  head: string
  /** Bytes of the body; Infinity: until the connection is closed. */
  bytes: number
  /** In chunks of 64 KB. */
  chunked?: boolean
  /** Reads nothing before all is written. */
  late?: boolean
}

const PIECE = Buffer.alloc(65_536, 'x')
const CHUNK = Buffer.concat([Buffer.from('10000\r\n'), PIECE, Buffer.from('\r\n')])

/** Sends a request whose body is long, and reads until the server closes. */
export async function upload(server: Server, request: Upload): Promise<Outcome> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const read: Buffer[] = []
  let fault: string | undefined
  client.on('error', ({ code }: NodeJS.ErrnoException) => {
    fault = code
  })
  client.on('data', chunk => read.push(chunk))
  if (request.late) client.pause()
  const closed = new Promise(resolve => client.on('close', resolve))
  client.write(request.head)
  const written = await writeBody(client, request, closed)
  client.resume()
  await closed
  return { ...parseAnswer(Buffer.concat(read).toString()), written, fault }
}

async function writeBody(client: Socket, { bytes, chunked }: Upload, closed: Promise<unknown>): Promise<number> {
  let written = 0
  while (written < bytes) {
    const piece = chunked ? CHUNK : PIECE.subarray(0, bytes - written)
    const taken = new Promise<boolean>(resolve => client.write(piece, error => resolve(!error)))
    if (!(await Promise.race([taken, closed.then(() => false)]))) return written
    written += PIECE.length
  }
  if (chunked) client.write('0\r\n\r\n')
  return written
}
