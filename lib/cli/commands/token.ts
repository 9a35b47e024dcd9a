import type { Io } from '../io.js'
import { write } from '../output/write.js'
import { type ConnectionOptions, readConnection } from '../remote/connection.js'
import { requestToken } from '../remote/token.js'

export type TokenOptions = ConnectionOptions & { audience?: string; scope?: readonly string[] }

/** `token`: an access token of the client itself, alone on standard output. */
export async function token(io: Io, { audience, scope, ...options }: TokenOptions): Promise<void> {
  const connection = await readConnection(io, options)
  const wanted = { ...(audience !== undefined && { audience }), ...(scope && { scope: scope.join(' ') }) }
  await write(io.stdout, `${await requestToken(io, connection, wanted)}\n`)
}
