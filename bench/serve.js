import { createServer } from 'node:http'

/**
 * In a child process: a server for each name. Tells the parent what is to be known of them, and how much processor time
 * the process has used whenever it asks.
 *
 * @param create makes what listens for requests, and tells of it once it does; without a listener it has a server of its own
 */
export async function serve(names, create) {
  const told = {}
  for (const name of names) {
    const server = createServer()
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
    const { listener, tell } = await create(name, `http://127.0.0.1:${server.address().port}`)
    if (listener !== undefined) server.on('request', listener)
    told[name] = await tell()
  }
  process.on('message', () => process.send({ cpu: process.cpuUsage() }))
  process.on('disconnect', () => process.exit(0))
  process.send(told)
}
