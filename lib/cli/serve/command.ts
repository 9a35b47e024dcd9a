import { readConfig } from './config.js'
import { explain } from './explain.js'
import type { Service } from './serve.js'
import type { Screen } from './welcome.js'

const SCREEN: Screen = { isTerminal: process.stderr.isTTY === true, print }

/**
 * `serve`. Ends the process. Welcome and refusals go to standard error: standard output is JSON lines alone.
 *
 * The handlers stand before anything is loaded or started. A further signal changes nothing: stopping ends by itself.
 */
export async function runService(): Promise<void> {
  const stopping = new AbortController()
  const stopped = new Promise(resolve => stopping.signal.addEventListener('abort', resolve))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort())
  await orFail(async () => {
    const service = await startService(stopping.signal)
    await stopped
    await service?.stop()
  })
}

/** undefined: it was told to stop before it had started. */
async function startService(signal: AbortSignal): Promise<Service | undefined> {
  try {
    const config = readConfig(process.env)
    const { serve } = await import('./serve.js')
    return await serve(config, SCREEN, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    return undefined
  }
}

/** `serve --reset-management-client`. Ends the process. */
export async function resetManagementClient(): Promise<void> {
  await orFail(async () => {
    const config = readConfig(process.env, { reset: true })
    const { reset } = await import('./reset.js')
    await reset(config, SCREEN)
  })
}

/** `keys re-encrypt`. Ends the process. */
export async function reEncryptKeys(): Promise<void> {
  await orFail(async () => {
    const config = readConfig(process.env)
    const { reEncrypt } = await import('./re-encrypt.js')
    await reEncrypt(config, console.log)
  })
}

/** Runs what works on the store of this machine, and ends the process: 0, or 1 with one line. */
async function orFail(command: () => Promise<void>): Promise<never> {
  try {
    await command()
  } catch (error) {
    print(`scopegate: ${explain(error)}`)
    process.exit(1)
  }
  process.exit(0)
}

function print(text: string): void {
  process.stderr.write(`${text}\n`)
}
