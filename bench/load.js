import { fork } from 'node:child_process'
import { openSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inOrder, median, pairedRatio } from './turns.js'

const CONNECTIONS = 32

/** Starts a child process with a server for each name; it tells what is to be known of them, and ends with this process. */
export function startServers(script, names, ...args) {
  const stdio = ['ignore', openLog(), 'inherit', 'ipc']
  const child = fork(new URL(script, import.meta.url), [JSON.stringify(names), ...args], { stdio })
  const cpu = () => cpuOf(child)
  return new Promise((resolve, reject) => {
    child.once('message', told => {
      resolve({ servers: names.map(name => ({ name, ...told[name], cpu })), stop: () => stop(child) })
    })
    child.once('exit', code => reject(new Error(`${script} ended with ${code}`)))
  })
}

/** Where a service logs: a file, as in production, which is gone when its last process ends. */
function openLog() {
  const path = join(tmpdir(), `scopegate-bench-${process.pid}.log`)
  const log = openSync(path, 'w')
  unlinkSync(path)
  return log
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
 * What windows of load make of several servers, which take turns. They share a process, because one process may be a fifth
 * faster than its twin for as long as it lives; and it is done in several of them.
 *
 * @param warmUp runs a server in: its compiler takes some thousand requests
 * @param windowOf tells what one window on a server measured
 * @returns for each name what its windows measured, round by round
 */
export async function alternate(names, { start, warmUp, processes, rounds, windowOf, prepare = () => undefined }) {
  const measured = new Map(names.map(name => [name, []]))
  for (let process = 0; process < processes; process++) {
    const { servers, stop } = await start(names)
    try {
      for (const server of servers) await warmUp(server)
      for (let round = 0; round < rounds; round++) {
        const prepared = prepare()
        for (const server of inOrder(servers, round)) measured.get(server.name).push(await windowOf(server, prepared))
      }
    } finally {
      stop()
    }
  }
  return measured
}

/**
 * Requests per second of one window, and the server's processor time for each in microseconds: connections that send the
 * next request when the last one is answered. No load tool, because it shares the machine with the server, and must cost
 * little. An answer that is not 2xx ends the benchmark: a refusal is fast.
 *
 * @param requests bytes, of {@link encodeRequest}; sent in turn, and then from the beginning
 */
export async function send({ url, cpu }, requests, count) {
  const { port, hostname: host } = new URL(url)
  const before = await cpu()
  const start = performance.now()
  let sent = 0
  const nextRequest = () => (sent < count ? requests[sent++ % requests.length] : undefined)
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () => converse(connect({ port, host, noDelay: true }), nextRequest)),
  )
  const seconds = (performance.now() - start) / 1000
  return { rate: count / seconds, cpu: ((await cpu()) - before) / count }
}

/** Where the status begins in `HTTP/1.1 200 OK`. */
const STATUS_AT = 9
/** 2xx, and 3xx: on the way. */
const isGood = digit => digit === 0x32 || digit === 0x33

/**
 * One connection, until there is nothing more to send. The answers are small: each comes in one piece.
 * @param nextRequest is given the answer before, in bytes; nothing at first. What it throws ends the benchmark
 */
export function converse(socket, nextRequest) {
  return new Promise((resolve, reject) => {
    const ask = answer => {
      try {
        const request = nextRequest(answer)
        if (request !== undefined) return socket.write(request)
        socket.end()
        resolve()
      } catch (error) {
        reject(error)
      }
    }
    socket.once('connect', () => ask()).once('error', reject)
    socket.once('close', () => reject(new Error('the server closed the connection')))
    socket.on('data', answer => {
      if (isGood(answer[STATUS_AT])) ask(answer)
      else reject(new Error(`not the beginning of a good answer: ${answer}`))
    })
  })
}

/** A request as it goes over the wire. */
export function encodeRequest(url, { method = 'GET', headers, body = '' }) {
  const { host, pathname } = new URL(url)
  const all = { Host: host, ...headers, ...(body && { 'Content-Length': Buffer.byteLength(body) }) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

/** Medians of the windows of a server, and what they are to those of another one. */
export function summary(windows, others) {
  const ratesOf = list => list.map(({ rate }) => rate)
  return {
    rate: median(ratesOf(windows)),
    cpu: median(windows.map(({ cpu }) => cpu)),
    ratio: pairedRatio(ratesOf(windows), ratesOf(others)),
  }
}
