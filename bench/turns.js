/** A list in which another one begins each round. */
export const inOrder = (list, round) => list.map((_, i) => list[(i + round) % list.length])

export const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
