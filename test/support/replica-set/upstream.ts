import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Document, formatRequest, readMessages, replyOf } from './messages.js'

/** One connection to the server that keeps the data. One command at a time. */
export class Upstream {
  readonly #socket: Socket
  readonly #messages: AsyncGenerator<Buffer>
  #isBusy = false
  #isClosing = false

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
    this.#isBusy = true
    this.#socket.write(formatRequest(command))
    const { value, done } = await this.#messages.next()
    this.#isBusy = false
    if (this.#isClosing) this.#socket.destroy()
    if (done === true) throw new Error('the connection is closed')
    return replyOf(value)
  }

  /** What is under way is carried out, and known: a real server makes a write and the note of it at once, or neither. */
  close(): void {
    this.#isClosing = true
    if (!this.#isBusy) this.#socket.destroy()
  }
}
