import { randomUUID } from 'node:crypto'
import { chmod, constants, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { Refusal } from '../faults.js'
import type { Io } from '../io.js'

/** What `scopegate login` keeps. */
export interface Credentials {
  url: string
  /** Absent: the same. */
  adminUrl?: string
  clientId: string
  clientSecret: string
}

type Environment = Pick<Io, 'env'>

/** Bytes the file may have. */
const MAX_BYTES = 16_384

/** The one file, below `XDG_CONFIG_HOME` (default `~/.config`; a relative path counts as not set). */
function credentialsPath({ env }: Environment): string {
  const { XDG_CONFIG_HOME: base, HOME: home } = env
  const folder = base && isAbsolute(base) ? base : join(home || homedir(), '.config')
  return join(folder, 'scopegate', 'credentials.json')
}

/**
 * Reads what is kept; undefined where there is nothing.
 * @throws Refusal other users may read the file (a mode looser than 600), or it is damaged
 */
export async function readCredentials(io: Environment): Promise<Credentials | undefined> {
  const path = credentialsPath(io)
  const text = await readPrivate(path)
  if (text === undefined) return undefined
  const found = parse(text)
  if (found === undefined) throw new Refusal(`${path} is damaged; run scopegate login`)
  return found
}

async function readPrivate(path: string): Promise<string | undefined> {
  // Without waiting: to open a pipe would wait for who writes into it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
      throw new Refusal(`${path} cannot be read: ${error.code}`)
    },
  )
  if (file === undefined) return undefined
  try {
    const found = await file.stat()
    const { mode, size } = found
    if (!found.isFile()) throw new Refusal(`${path} is not a file`)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Refusal(`${path} can be read or written by other users; run chmod 600, or scopegate login`)
    }
    return size > MAX_BYTES ? '' : await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function parse(text: string): Credentials | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { url, admin_url: adminUrl, client_id: clientId, client_secret: clientSecret } = Object(value)
  if (typeof url !== 'string' || typeof clientId !== 'string' || typeof clientSecret !== 'string') return undefined
  if (adminUrl !== undefined && typeof adminUrl !== 'string') return undefined
  return { url, clientId, clientSecret, ...(adminUrl !== undefined && { adminUrl }) }
}

/** Keeps credentials: a new file of mode 600 in a folder of mode 700 takes the place of the old one at once. Gives its path. */
export async function writeCredentials(io: Environment, credentials: Credentials): Promise<string> {
  const path = credentialsPath(io)
  const folder = dirname(path)
  const { url, adminUrl, clientId, clientSecret } = credentials
  const content = { url, ...(adminUrl !== undefined && { admin_url: adminUrl }), client_id: clientId }
  try {
    await makeFolder(folder)
    await chmod(folder, 0o700)
    await replaceFile(path, `${JSON.stringify({ ...content, client_secret: clientSecret }, null, 2)}\n`)
  } catch (error) {
    throw new Refusal(`${path} cannot be written: ${String(Object(error).code)}`)
  }
  return path
}

/** Makes a folder, and those above it. `mkdir` with `recursive` does not end where nothing can be made (`/proc`). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await createFolder(folder)
  } catch (error) {
    if (Object(error).code !== 'ENOENT' || dirname(folder) === folder) throw error
    await makeFolder(dirname(folder))
    await createFolder(folder)
  }
}

async function createFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, 0o700)
  } catch (error) {
    if (Object(error).code !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** Removes what is kept. false: there was nothing. */
export async function removeCredentials(io: Environment): Promise<boolean> {
  const path = credentialsPath(io)
  try {
    await rm(path)
    return true
  } catch (error) {
    const { code }: { code?: unknown } = Object(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw new Refusal(`${path} cannot be removed: ${String(code)}`)
  }
}
