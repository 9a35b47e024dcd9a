import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import type { Collection, Store } from '../../lib/store/port.js'
import { and } from '../../lib/query/tree.js'
import { walk } from '../../lib/store/walk.js'
import { THING_KIND, type Thing, thing } from './kinds.js'

/**
 * Started by the embedded store's tests (operate.ts): reads `<number> <folder> <command> …` from standard input, does it to
 * the store in that folder, all at once, and prints `<number> <outcome>`.
 */
const stores = new Map<string, Store>()

function storeOf(folder: string): Store {
  const store = stores.get(folder) ?? embeddedStore(folder, { onWarning: () => {} })
  stores.set(folder, store)
  return store
}

async function run(folder: string, command: string, id: string, bytes: number): Promise<string> {
  if (command === 'fill') return fill(folder)
  if (command === 'free') return free(folder)
  if (command === 'mount-read-only') return mountReadOnly(folder)
  if (command === 'unmount') return unmount(folder)
  const store = storeOf(folder)
  if (command === 'close') {
    stores.delete(folder)
    await store.close()
    return 'ok'
  }
  const things = await store.collection(THING_KIND)
  if (command === 'get') return (await things.get('acme', id)) === null ? 'absent' : 'ok'
  if (command === 'list') return count(things)
  if (command === 'insert') await things.insert(thing(id, { name: id, note: 'x'.repeat(bytes) }))
  return 'ok'
}

async function count(things: Collection<Thing>): Promise<string> {
  let number = 0
  for await (const _ of walk(things, 'acme', and())) number++
  return `${number}`
}

/** Takes all the room there is on the disk. */
function fill(folder: string): string {
  const file = openSync(join(folder, 'filler'), 'w')
  for (let size = 65_536; size > 0; ) {
    try {
      writeSync(file, Buffer.alloc(size))
    } catch {
      size = Math.floor(size / 2)
    }
  }
  closeSync(file)
  return 'ok'
}

function free(folder: string): string {
  rmSync(join(folder, 'filler'))
  return 'ok'
}

/** Lays a view over a folder that nobody can write by. What is open stays as it is. */
function mountReadOnly(folder: string): string {
  execFileSync('mount', ['--bind', '-o', 'ro', folder, folder])
  return 'ok'
}

/** Takes it away, though files may be open by it. */
function unmount(folder: string): string {
  execFileSync('umount', ['--lazy', folder])
  return 'ok'
}

for await (const line of createInterface({ input: process.stdin })) {
  const [number, folder = '', command = '', id = '', bytes = '0'] = line.split(' ')
  run(folder, command, id, Number(bytes))
    .catch((error: { code?: unknown; message?: unknown }) => `${error.code} ${error.message}`)
    .then(outcome => process.stdout.write(`${number} ${outcome}\n`))
}
