import { fork } from 'node:child_process'
import autocannon from 'autocannon'

const SECONDS = 1
const CONNECTIONS = 32
const PROCESSES = 2

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
 * What windows of load make of several servers, which take turns; each runs in several processes, because one alone may
 * be lucky, or not, with its memory and its compiler for as long as it lives.
 *
 * @param windowOf tells what one window on a server measured
 * @returns for each name what its windows measured
 */
export async function alternate(names, { start, rounds, windowOf, prepare = () => undefined }) {
  const servers = await Promise.all(names.flatMap(name => Array.from({ length: PROCESSES }, () => start(name))))
  const measured = new Map(names.map(name => [name, []]))
  try {
    for (let round = -1; round < rounds; round++) {
      const prepared = prepare()
      for (const server of inOrder(servers, round + 1)) {
        const window = await windowOf(server, prepared)
        // The first round warms up.
        if (round >= 0) measured.get(server.name).push(window)
      }
    }
  } finally {
    for (const { stop } of servers) stop()
  }
  return measured
}

/** Another one begins each round. */
export const inOrder = (list, round) => list.map((_, i) => list[(i + round) % list.length])

/**
 * Requests per second of one window, and the server's processor time for each in microseconds. An answer that is not 2xx
 * ends the benchmark: a refusal is fast.
 *
 * @param requests what autocannon takes for requests; the connections divide them among themselves, and begin again
 */
export async function send({ url, cpu }, requests) {
  const before = await cpu()
  let connection = 0
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: SECONDS,
    // Made before the window begins: making them costs as much as answering them.
    setupClient: client => client.setRequests(share(requests, connection++)),
  })
  const { non2xx, errors } = result
  if (non2xx > 0 || errors > 0) throw new Error(`${url}: ${non2xx} refusals, ${errors} errors`)
  return { rate: result.requests.average, cpu: ((await cpu()) - before) / result.requests.total }
}

const share = (requests, connection) =>
  requests.length < CONNECTIONS ? requests : requests.filter((_, i) => i % CONNECTIONS === connection)

/** Medians of the windows of a server, and their relation to those of another one. */
export function summary(windows, others) {
  const rateOf = list => median(list.map(({ rate }) => rate))
  return { rate: rateOf(windows), cpu: median(windows.map(({ cpu }) => cpu)), ratio: rateOf(windows) / rateOf(others) }
}

export const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
