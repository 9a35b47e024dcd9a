// Opens a store in a folder where the system's lock cannot be had, in the way that the arguments name, and one in memory.
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { embeddedStore } from '../../lib/store/embedded/index.js'

const [folder = '', way = ''] = process.argv.slice(2)

const fail = (code: string) => (): never => {
  throw Object.assign(new Error(`of the system, ${code}`), { code })
}
const WAYS: Record<string, PropertyDescriptor> = {
  'another platform': { get: fail('ADDON_NOT_FOUND') },
  'another addon': { value: {} },
  'no locks': { value: { tryLock: fail('ENOLCK') } },
}

// The module is loaded from here when the store asks for it.
const load = createRequire(import.meta.url)
const path = load.resolve('fs-native-extensions')
load(path)
load.cache[path] = Object.defineProperty({ ...load.cache[path] } as NodeJS.Module, 'exports', WAYS[way] ?? {})

const store = embeddedStore(folder)
const error: { name?: string; message?: string } = await store.ping().then(
  () => ({}),
  (caught: unknown) => Object(caught),
)
const volatile = embeddedStore(':memory:')
await volatile.ping()
await volatile.close()
console.log(JSON.stringify({ name: error.name, message: error.message, files: readdirSync(folder) }))
