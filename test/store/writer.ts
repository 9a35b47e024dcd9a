import { embeddedStore } from '../../lib/store/embedded/index.js'
import { THING_KIND, thing } from './kinds.js'

/** Started by the embedded store's tests: writes until it is killed. */
const [folder = ''] = process.argv.slice(2)
const things = await embeddedStore(folder).collection(THING_KIND)
for (let i = 0; ; i++) {
  const id = `w${process.pid}-${i}`
  await things.insert(thing(id, { name: id }))
  process.stdout.write(`${id}\n`)
}
