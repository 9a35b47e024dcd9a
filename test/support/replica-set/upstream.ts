import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Document, formatRequest, readMessages, replyOf, send } from './messages.js'

/** One connection to the server that keeps the data. One command at a time. */
export class Upstream {
  readonly #socket: Socket
  readonly #messages: AsyncGenerator<Buffer>

  private constructor(socket: Socket) {
    this.#socket = socket
    // Whoever waits for an answer hears of it.
    socket.on('error', () => undefined)
    this.#messages = readMessages(socket)
  }

  static async open(port: number): Promise<Upstream> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Upstream(socket)
  }

  /** @returns the answer's document */
  async command(command: Document): Promise<Buffer> {
    await send(this.#socket, formatRequest(command))
    const { value, done } = await this.#messages.next()
    if (done === true) throw new Error('the server has closed the connection')
    return replyOf(value)
  }

  close(): void {
    this.#socket.destroy()
  }
}
