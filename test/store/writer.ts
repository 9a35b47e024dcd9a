import { embeddedStore } from '../../lib/store/embedded/index.js'
import { THING_KIND, thing } from './kinds.js'

/**
 * Started by the embedded store's tests: writes until it is killed, and prints each id that stays once it is acknowledged.
 * Others come and go, small and large, so that pages are freed and used again.
 */
const [folder = ''] = process.argv.slice(2)
const things = await embeddedStore(folder).collection(THING_KIND)
for (let i = 0; ; i++) {
  const id = `w${process.pid}-${i}`
  await things.insert(thing(id, { name: id }))
  process.stdout.write(`${id}\n`)
  await Promise.all([
    things.insert(thing(`${id}-x`, { note: 'x'.repeat((i % 7) * 3000), tags: ['x'] })),
    things.remove('acme', `w${process.pid}-${i - 3}-x`),
  ])
}
