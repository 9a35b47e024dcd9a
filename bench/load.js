import { fork } from 'node:child_process'
import autocannon from 'autocannon'

const SECONDS = 1
const CONNECTIONS = 32

/** Starts a child process that listens; it tells its address, and ends with this process. */
export function startServer(script, name, ...args) {
  const child = fork(new URL(script, import.meta.url), [name, ...args])
  return new Promise((resolve, reject) => {
    child.once('message', told => resolve({ name, ...told, stop: () => stop(child) }))
    child.once('exit', code => reject(new Error(`${name} ended with ${code}`)))
  })
}

function stop(child) {
  child.removeAllListeners('exit')
  child.disconnect()
}

/**
 * Requests per second of one window. An answer that is not 2xx ends the benchmark: a refusal is fast.
 *
 * @param next makes what is particular to the next request
 */
export async function windowOf(url, next, options = {}) {
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: SECONDS,
    ...options,
    requests: [{ setupRequest: request => ({ ...request, headers: { ...request.headers, ...next() } }) }],
  })
  const { non2xx, errors } = result
  if (non2xx > 0 || errors > 0) throw new Error(`${url}: ${non2xx} refusals, ${errors} errors`)
  return result.requests.average
}

/** The median of what each window made in relation to the window of the other server in the same round. */
export const medianRatio = (values, others) => median(values.map((value, round) => value / others[round]))

export const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
