import { createInterface } from 'node:readline'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { THING_KIND, thing } from './kinds.js'

/**
 * Started by the embedded store's tests: does to the store in a folder what standard input says, a command a line
 * (`open`, `insert <id> <bytes>`, `get <id>`, `close`), all at once, and prints `<command> <outcome>` for each.
 */
const [folder = ''] = process.argv.slice(2)
const store = embeddedStore(folder)

async function run(command: string): Promise<string> {
  const [name, id = '', size = '0'] = command.split(' ')
  if (name === 'close') return store.close().then(() => 'ok')
  const things = await store.collection(THING_KIND)
  if (name === 'open') return 'ok'
  if (name === 'get') return (await things.get('acme', id)) === null ? 'absent' : 'ok'
  await things.insert(thing(id, { name: id, note: 'x'.repeat(Number(size)) }))
  return 'ok'
}

for await (const command of createInterface({ input: process.stdin })) {
  run(command)
    .catch((error: { code?: unknown; message?: unknown }) => `${error.code} ${error.message}`)
    .then(outcome => process.stdout.write(`${command}: ${outcome}\n`))
}
