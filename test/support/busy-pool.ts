import { pbkdf2 } from 'node:crypto'

const THREADS = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)

/** Gives every thread of Node's pool a tenth of a second of work and more. Resolves when the first one is free again. */
export function occupyPool(): Promise<void> {
  const jobs = Array.from({ length: THREADS }, () => {
    return new Promise<void>((resolve, reject) => {
      pbkdf2('password', 'salt', 300_000, 32, 'sha256', error => (error ? reject(error) : resolve()))
    })
  })
  return Promise.race(jobs)
}
