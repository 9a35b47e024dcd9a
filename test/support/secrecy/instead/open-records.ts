import { openRecords as open } from '../../../../lib/authorization-server/open-records.js'
import { ledgerOfRun } from '../ledger.js'
import { textOf } from '../texts.js'

export * from '../../../../lib/authorization-server/open-records.js'

/** In place of lib/authorization-server/open-records.ts: the same, and the ledger hears of every record of the log. */
export async function openRecords(...call: Parameters<typeof open>): ReturnType<typeof open> {
  const records = await open(...call)
  const logs = new Proxy(records.logs, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        if (name === 'insertMany' || name === 'insert' || name === 'replace') note(args[0])
        return Reflect.apply(member, target, args)
      }
    },
  })
  return { ...records, logs }
}

function note(record: unknown): void {
  ledgerOfRun().logged('a record of the log', textOf(record))
}
