import { type CompareNode, type Filter, foldCase } from '../../query/tree.js'

/** The hidden member that holds a record's text fields, case folded, for `text` nodes. */
export const SEARCH = '_search'

export type MongoFilter = Record<string, unknown>

/** The filter tree in MongoDB's words. Text stays data: it stands in `$eq`, or escaped in a pattern. */
export function toFilter(filter: Filter): MongoFilter {
  switch (filter.type) {
    case 'and':
      return filter.nodes.length === 0 ? {} : { $and: filter.nodes.map(toFilter) }
    case 'not':
      return { $nor: [toFilter(filter.node)] }
    case 'compare':
      return compare(filter)
    case 'prefix':
      return { [filter.path]: new RegExp(`^${escapePattern(filter.value)}`) }
    case 'text':
      return { [SEARCH]: new RegExp(escapePattern(foldCase(filter.value))) }
  }
}

function compare({ operator, path, value }: CompareNode): MongoFilter {
  return { [path]: { [`$${operator}`]: value } }
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
