import { createHash } from 'node:crypto'
import { HANDED, type Handed, mint } from './handed.js'
import { LOGGED } from './logged.js'

/** A suite that logs what is secret (`PLANTED=leaks`), or what merely looks like it; `hooks.test.ts` runs it. */
const isLeaking = process.env['PLANTED'] === 'leaks'
const hashOf = (value: string): string => createHash('sha256').update(value).digest('base64url')
/** Hands a value out. @returns what is logged of it */
async function handOut({ make = mint, hand }: Handed): Promise<string> {
  const value = make()
  await hand(value)
  return isLeaking ? value : `${hashOf(value)} ${value.slice(0, 20)}`
}

describe('planted', () => {
  for (const handed of HANDED) {
    it(`${handed.kind}: ${handed.description}`, async () => console.error(await handOut(handed)))
  }

  const [bearer] = HANDED.filter(({ description }) => description === 'a Bearer token')
  for (const { channel, description, log } of LOGGED) {
    it(`${channel}: ${description}`, async () => void (await log(bearer === undefined ? '' : await handOut(bearer))))
  }
})
