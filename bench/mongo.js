import { randomBytes } from 'node:crypto'
import { register } from 'tsx/esm/api'

/** A database of its own on whatever server the tests would use; undefined, and said so, where there is none. */
export async function mongoDatabase() {
  const unregister = register()
  const { mongoServer } = await import('../test/support/mongo.ts')
  await unregister()
  const server = await mongoServer()
  if ('reason' in server) {
    console.log(`without MongoDB: ${server.reason}\n`)
    return undefined
  }
  const uri = new URL(server.uri)
  uri.pathname = `/scopegate_bench_${randomBytes(6).toString('hex')}`
  return uri.href
}
