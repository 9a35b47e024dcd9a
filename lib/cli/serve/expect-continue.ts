import type { RequestListener, Server } from 'node:http'
import { MANAGEMENT_BODY_LIMIT } from '../../http/parameters.js'

/**
 * Gives a server its listener for requests, those that wait to be asked for their body (`Expect: 100-continue`, RFC 9110
 * §10.1.1) too. Where the length says that the body is larger than any that is read, it is not asked for: the answer is
 * the refusal alone.
 */
export function listenTo(http: Server, listener: RequestListener): void {
  http.on('request', listener)
  http.on('checkContinue', (req, res) => {
    if (Number(req.headers['content-length'] ?? 0) <= MANAGEMENT_BODY_LIMIT) res.writeContinue()
    listener(req, res)
  })
}
