import { fork } from 'node:child_process'
import autocannon from 'autocannon'

const SECONDS = 1
const CONNECTIONS = 32

/** Starts a child process that listens; it tells its address, and ends with this process. */
export function startServer(script, name, ...args) {
  const child = fork(new URL(script, import.meta.url), [name, ...args])
  return new Promise((resolve, reject) => {
    child.once('message', told => resolve({ name, ...told, cpu: () => cpuOf(child), stop: () => stop(child) }))
    child.once('exit', code => reject(new Error(`${name} ended with ${code}`)))
  })
}

/** Microseconds of processor time the child has used, on all its threads. */
function cpuOf(child) {
  child.send('cpu')
  return new Promise(resolve => child.once('message', ({ cpu }) => resolve(cpu.user + cpu.system)))
}

function stop(child) {
  child.removeAllListeners('exit')
  child.disconnect()
}

/**
 * Requests per second of one window, and the server's processor time for each in microseconds. An answer that is not 2xx ends the benchmark: a refusal is fast.
 *
 * @param next makes what is particular to the next request
 */
export async function windowOf({ url, cpu }, next, options = {}) {
  const before = await cpu()
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: SECONDS,
    ...options,
    requests: [{ setupRequest: request => ({ ...request, headers: { ...request.headers, ...next() } }) }],
  })
  const { non2xx, errors } = result
  if (non2xx > 0 || errors > 0) throw new Error(`${url}: ${non2xx} refusals, ${errors} errors`)
  return { rate: result.requests.average, cpu: ((await cpu()) - before) / result.requests.total }
}

export const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/**
 * What the windows of a server made, and in relation to those of another one: of each the better quartile, because what
 * else a machine does makes windows worse and never better.
 */
export function summary(windows, others) {
  const rateOf = list => quartile(list.map(({ rate }) => -rate)) * -1
  const rate = rateOf(windows)
  return { rate, cpu: quartile(windows.map(({ cpu }) => cpu)), ratio: rate / rateOf(others) }
}

const quartile = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)]
