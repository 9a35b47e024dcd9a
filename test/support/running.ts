import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server on loopback whose application is made once its address is known. */
export interface Running {
  url: string
  stop(): Promise<void>
}

export async function listen(createApp: (url: string) => Promise<RequestListener> | RequestListener): Promise<Running> {
  const server: Server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  server.on('request', await createApp(url))
  return {
    url,
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
