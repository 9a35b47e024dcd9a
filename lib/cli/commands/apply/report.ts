import { isDeepStrictEqual } from 'node:util'
import { printable, printableJson } from '../../output/printable.js'
import type { FieldChange } from './compare.js'
import type { Change } from './plan.js'

const MARKS = { create: '+', update: '~', delete: '-' } as const

/** For people: a line for each resource, and one for each of its members that changes. */
export function formatChanges(changes: readonly Change[]): string {
  return changes.map(change => `${formatHead(change)}\n${change.fields.map(formatField).join('')}`).join('')
}

function formatHead({ action, resource, key, id }: Change): string {
  return `${MARKS[action]} ${resource.one} ${printable(key)}${id === undefined ? '' : ` (${printable(id)})`}`
}

function formatField({ field, before, after }: FieldChange): string {
  const name = `    ${printable(field)}: `
  if (before === undefined) return `${name}${printableJson(after)}\n`
  if (!Array.isArray(before) || !Array.isArray(after))
    return `${name}${printableJson(before)} → ${printableJson(after)}\n`
  const gone = before.filter(element => !hasEqual(after, element)).map(element => `-${printableJson(element)}`)
  const come = after.filter(element => !hasEqual(before, element)).map(element => `+${printableJson(element)}`)
  const all = [...gone, ...come]
  return `${name}${all.length === 0 ? 'another order' : all.join(' ')}\n`
}

function hasEqual(list: readonly unknown[], element: unknown): boolean {
  return list.some(other => isDeepStrictEqual(other, element))
}

/** For programs. */
export function documentOf(changes: readonly Change[], isDryRun: boolean): object {
  return {
    dry_run: isDryRun,
    changes: changes.map(({ action, resource, key, id, fields, done, clientSecret }) => ({
      action,
      kind: resource.name,
      key,
      ...(id !== undefined && { id }),
      fields,
      done,
      ...(clientSecret !== undefined && { client_secret: clientSecret }),
    })),
  }
}
