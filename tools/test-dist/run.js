import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const execute = promisify(execFile)
const INSTALL = ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline']

/** Runs a command in a folder, without a shell, and gives what it wrote. */
export async function run(cwd, command, args, env = {}) {
  const { stdout, stderr } = await execute(command, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 1e8 })
  return `${stdout}${stderr}`
}

/** Installs packages in a folder. */
export function install(folder, ...packages) {
  return run(folder, 'npm', [...INSTALL, ...packages])
}

let passed = 0

/** How many checks held. */
export function passedChecks() {
  return passed
}

/** Makes a check, and says that it held. */
export async function check(description, action) {
  try {
    await action()
  } catch (error) {
    console.log(`  ✘ ${description}`)
    throw error
  }
  passed++
  console.log(`  ✔ ${description}`)
}
