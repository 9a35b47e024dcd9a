import { type Browser, chromium } from 'playwright-core'
import { requireCommand } from './require-command.js'

/** Debian's package, or what `CHROMIUM` names. */
const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** Starts a browser. The suite is skipped where there is none; under `CI=true` that is a failure. The caller closes it. */
export async function startChromium(context: Mocha.Context): Promise<Browser> {
  requireCommand(context, [EXECUTABLE, '--version'])
  context.timeout(120_000)
  // Its sandbox needs rights that a container does not have; the pages here are our own.
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
