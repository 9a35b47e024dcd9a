/** A list in which another one begins each round. */
export const inOrder = (list, round) => list.map((_, i) => list[(i + round) % list.length])

export const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/**
 * The median of what two lists are to each other, round by round. A machine that is shared runs at two speeds and changes
 * every second or so: both sides of one round mostly had the same, the medians of the lists may have been taken at two.
 */
export const pairedRatio = (values, others) => median(values.map((value, round) => value / others[round]))
