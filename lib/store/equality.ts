import type { CompareNode, Filter } from '../query/tree.js'

/** An equality on one of the paths that every record of the filter fulfils, if there is one. */
export function equalityOn(filter: Filter, paths: ReadonlySet<string>): CompareNode | undefined {
  if (filter.type === 'compare') return filter.operator === 'eq' && paths.has(filter.path) ? filter : undefined
  if (filter.type !== 'and') return undefined
  for (const node of filter.nodes) {
    const found = equalityOn(node, paths)
    if (found !== undefined) return found
  }
  return undefined
}
