/**
 * The filter tree: what FaableQL text is parsed to and what every store engine interprets.
 *
 * Meaning, the same in every engine:
 * - a path names a field of the record, dots step into objects; a list on the way is searched element by element
 *   (`permissions.value`), and a condition on a list holds where it holds for at least one element;
 * - an absent field fulfils no comparison and no prefix; `not` is the plain complement, so it holds for an absent field;
 * - a value is compared only with values of its own type.
 */
export type Filter = AndNode | NotNode | CompareNode | PrefixNode | TextNode

/** A value of a comparison. Numbers are finite. */
export type Scalar = string | number | boolean | Date

/** Every one of them holds; an empty list holds for every record. */
export interface AndNode {
  type: 'and'
  nodes: readonly Filter[]
}

/** The node does not hold. */
export interface NotNode {
  type: 'not'
  node: Filter
}

/** Strings compare byte for byte and only by `eq`; numbers and dates by all operators; booleans by `eq`. */
export interface CompareNode {
  type: 'compare'
  operator: 'eq' | 'gt' | 'gte' | 'lt' | 'lte'
  path: string
  value: Scalar
}

/** The text starts with the value, byte for byte. The value is not empty. */
export interface PrefixNode {
  type: 'prefix'
  path: string
  value: string
}

/** The value is a substring of at least one text field of the record kind, both case-folded by {@link foldCase}. */
export interface TextNode {
  type: 'text'
  value: string
}

/**
 * Folds text so that texts which differ only in case become equal, by the same rule in every engine:
 * upper case of lower case, so that `ß` and `SS`, and both small sigmas, fold to one as well.
 */
export function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase()
}

/** All of these hold. */
export const and = (...nodes: Filter[]): AndNode => ({ type: 'and', nodes })
/** This does not hold. */
export const not = (node: Filter): NotNode => ({ type: 'not', node })
/** The field equals the value. */
export const eq = (path: string, value: Scalar): CompareNode => ({ type: 'compare', operator: 'eq', path, value })
