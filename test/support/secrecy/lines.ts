/** What is not ended by then is told as it is. */
const MAX_LENGTH = 1_000_000

/** Puts the chunks of a stream together to lines: a word may stand in two chunks. */
export class Lines {
  readonly #tell: (lines: string) => void
  #rest = ''

  /** @param tell hears one or several whole lines */
  constructor(tell: (lines: string) => void) {
    this.#tell = tell
  }

  add(chunk: unknown): void {
    const text = textOf(chunk)
    const end = text.lastIndexOf('\n') + 1
    if (end > 0) {
      this.#tell(this.#rest + text.slice(0, end))
      this.#rest = text.slice(end)
    } else {
      this.#rest += text
      if (this.#rest.length > MAX_LENGTH) this.end()
    }
  }

  end(): void {
    if (this.#rest !== '') this.#tell(this.#rest)
    this.#rest = ''
  }
}

export function textOf(chunk: unknown): string {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString()
  return typeof chunk === 'string' ? chunk : ''
}
