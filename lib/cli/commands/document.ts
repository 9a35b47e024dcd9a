import { open } from 'node:fs/promises'
import { Refusal, UsageError } from '../faults.js'
import { DuplicateMemberError, JsonLimitError, parseJson } from '../../http/json.js'
import type { Input, Io } from '../io.js'

/** Bytes that a file may have. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Reads a JSON or YAML document: a file, or standard input for `-`, which is JSON. Only the names `.yaml` and `.yml` mean
 * YAML.
 *
 * @throws UsageError it cannot be read; Refusal it is neither
 */
export async function readDocument(io: Pick<Io, 'stdin'>, path: string): Promise<unknown> {
  const name = path === '-' ? 'standard input' : path
  const text = path === '-' ? await readInput(io.stdin) : await readFile(path)
  return /\.ya?ml$/i.test(path) ? parseYaml(text, name) : parse(text, name)
}

async function readFile(path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      return await readInput(file.createReadStream({ autoClose: false }))
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new UsageError(`${path} cannot be read: ${String(Object(error).code)}`)
  }
}

/** Everything that comes, at most 16 MB. @throws Refusal there is more, or it is not UTF-8 */
export async function readInput(input: Input): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > MAX_BYTES) throw new Refusal('the input is larger than 16 MB')
    chunks.push(bytes)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new Refusal('the input is not UTF-8')
  }
}

/** What the parser says quotes the text, which may hold a secret: only the place is repeated. */
function parse(text: string, name: string): unknown {
  try {
    return parseJsonOfAnySize(text)
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw new Refusal(`${name} names a member twice`)
    throw new Refusal(`${name} is not JSON${placeOf(text)}`)
  }
}

/** A file may have more members than one body, which are then not looked through for names that come twice. */
function parseJsonOfAnySize(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonLimitError) return JSON.parse(text)
    throw error
  }
}

function placeOf(text: string): string {
  try {
    JSON.parse(text)
  } catch (error) {
    const at = /at position (\d+)/.exec(String(Object(error).message))?.[1]
    if (at === undefined) return ''
    const lines = text.slice(0, Number(at)).split('\n')
    return ` (line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1})`
  }
  return ''
}

async function parseYaml(text: string, name: string): Promise<unknown> {
  const { parseDocument } = await loadYaml()
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' })
  const [fault] = document.errors
  if (fault === undefined) {
    try {
      return document.toJS({ maxAliasCount: 100 })
    } catch {
      throw new Refusal(`${name} has too many aliases`)
    }
  }
  const lines = text.slice(0, fault.pos[0]).split('\n')
  throw new Refusal(
    `${name} is not YAML (line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}): ${fault.code}`,
  )
}

/** An optional peer, loaded where it is used. */
async function loadYaml(): Promise<typeof import('yaml')> {
  try {
    return await import('yaml')
  } catch (error) {
    const { code }: { code?: unknown } = Object(error)
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    throw new Refusal(isMissing ? 'a YAML file needs yaml: npm install yaml' : 'yaml cannot be loaded')
  }
}
