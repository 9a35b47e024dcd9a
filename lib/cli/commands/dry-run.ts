import { Refusal } from '../faults.js'
import type { Io } from '../io.js'
import type { Row } from '../output/cells.js'
import { writeRecord } from '../output/record.js'
import type { Reply } from '../remote/send.js'

/** What a call is sent with so that nothing is changed. */
export const DRY_RUN = { dry_run: 'true' } as const

/** Writes what a change would do. @throws Refusal the server has not understood that nothing was to be done */
export async function writeWould(io: Io, { body }: Reply, options: { json?: boolean }): Promise<void> {
  const { would } = Object(body)
  if (typeof would !== 'object' || would === null) {
    throw new Refusal('the server does not know dry runs, and may have carried out the change')
  }
  await writeRecord(io, options.json ? { would } : (would as Row), options)
}
