import { Refusal } from '../../faults.js'
import type { Io } from '../../io.js'
import { printable, printableJson } from '../../output/printable.js'
import { tell, write } from '../../output/write.js'
import type { ConnectionOptions } from '../../remote/connection.js'
import { type Management, openManagement } from '../../remote/management.js'
import { readDocument } from '../document.js'
import { assertConfirmable, confirm } from '../prompt.js'
import { carryOut } from './carry-out.js'
import { type Change, plan } from './plan.js'
import { documentOf, formatChanges } from './report.js'
import { readWanted, type Wanted } from './wanted.js'

export interface ApplyOptions extends ConnectionOptions {
  file: string
  dryRun?: boolean
  prune?: boolean
  yes?: boolean
  json?: boolean
}

/** `apply`: brings APIs and clients to what a file says. What the file leaves out stays, without `--prune`. */
export async function apply(io: Io, options: ApplyOptions): Promise<void> {
  const { dryRun = false, prune = false, json = false } = options
  if (prune && !dryRun) assertConfirmable(io, options, options.file === '-')
  const wanted = await readFile(io, options.file)
  const management = await openManagement(io, options)
  const changes = await plan(management, wanted, prune)
  if (!json) await write(io.stdout, formatChanges(changes))
  if (!json && changes.length === 0) await tell(io, 'nothing to do')
  try {
    if (!dryRun) await carryOutAll(io, management, changes, options)
  } finally {
    // Secrets of clients that were created can be had here alone, whatever failed behind them.
    const done = changes.filter(change => change.done).length
    if (json) await write(io.stdout, `${printableJson(documentOf(changes, dryRun), 2)}\n`)
    else if (!dryRun && done < changes.length) await tell(io, `${done} of ${changes.length} changes were made`)
  }
}

/** @throws Refusal the file has faults: each is told, and nothing is sent */
async function readFile(io: Io, path: string): Promise<Wanted> {
  const wanted = readWanted(await readDocument(io, path))
  const { faults } = wanted
  if (faults.length === 0) return wanted
  for (const fault of faults) await tell(io, printable(fault))
  throw new Refusal(
    `${path === '-' ? 'standard input' : path} has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}; nothing was sent`,
  )
}

async function carryOutAll(
  io: Io,
  management: Management,
  changes: readonly Change[],
  { yes, json }: ApplyOptions,
): Promise<void> {
  const deletions = changes.filter(({ action }) => action === 'delete').length
  if (deletions > 0)
    await confirm(io, { ...(yes !== undefined && { yes }) }, `Delete what the file does not name (${deletions})?`)
  for (const change of changes) {
    await carryOut(management, change)
    const { key, id = '', clientSecret } = change
    if (clientSecret === undefined || json) continue
    await tell(
      io,
      `client_secret of ${printable(key)} (${printable(id)})  ${printable(clientSecret)}   (shown this once)`,
    )
  }
}
