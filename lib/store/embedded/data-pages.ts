/** What is known of an open data file. */
export interface DataFile {
  pageSize: number
  /** The newest transaction. */
  transaction: number
  /** The last page that it uses. */
  lastPage: number
  /** How many pages the file really has, up to that one: the last ones may be absent where they are free. */
  pages: number
  read(page: number, length: number): Buffer
  /** Pages that were reached. None belongs to two places. */
  seen: Set<number>
}

/** The tree of free pages (a transaction, then a list of pages), or the one of the records. */
export type TreeName = 'free' | 'main'

/** A B-tree, as a meta page describes it. */
export interface Tree extends TreeSize {
  name: TreeName
  /** 0: it is empty. */
  depth: number
  root: number
}

export interface TreeSize {
  branches: number
  leaves: number
  overflows: number
  entries: number
}

/** A page is a header, the offsets of its nodes, free room, the nodes. Offsets count from the end of the header. */
const HEADER_SIZE = 24
const HEADER = { number: 0, transaction: 8, flags: 18, lower: 20, upper: 22, overflows: 20 }
const BRANCH = 0x01
const LEAF = 0x02
const OVERFLOW = 0x04

/**
 * A node is the size of its value, flags, the size of its key, the key, the value. In a branch the first two are the page
 * below, and there is no value. A large value stands on overflow pages, and in the node stands which ones.
 */
const NODE_SIZE = 8
const NODE = { size: 0, flags: 4, keySize: 6 }
const ON_OVERFLOW = 0x01
const LINK_SIZE = 24
const LINK = { page: 0, transaction: 8, pages: 16 }

const FREE_KEY_SIZE = 8
const FREE_ENTRY_SIZE = 8

interface Node {
  key: Buffer
  /** Of a branch. */
  below: number
  /** Of a leaf. */
  size: number
  flags: number
  /** Of a leaf: what follows the key, to the end of the page. */
  rest: Buffer
}

/** From which key on, and up to which. */
interface Range {
  from?: Buffer | undefined
  to?: Buffer | undefined
}

/** Follows every page of a tree. @throws Error says what is wrong */
export function walkTree(file: DataFile, tree: Tree): void {
  const size: TreeSize = { branches: 0, leaves: 0, overflows: 0, entries: 0 }
  if (tree.depth > 0) new Walk(file, tree.name, size).page(tree.root, tree.depth, {})
  for (const name of ['branches', 'leaves', 'overflows', 'entries'] as const) {
    if (tree[name] !== size[name]) throw new Error(`the ${tree.name} tree has ${size[name]} ${name}, not ${tree[name]}`)
  }
}

class Walk {
  readonly #file: DataFile
  readonly #name: TreeName
  readonly #size: TreeSize

  constructor(file: DataFile, name: TreeName, size: TreeSize) {
    this.#file = file
    this.#name = name
    this.#size = size
  }

  page(number: number, depth: number, range: Range): void {
    if (depth > 1) this.#branch(number, depth, range)
    else this.#leaf(number, range)
  }

  #branch(number: number, depth: number, range: Range): void {
    this.#size.branches++
    const nodes = this.#nodes(number, BRANCH)
    // The key of the first node counts as the lowest there is, whatever stands there.
    const keys = nodes.map(({ key }, i) => (i === 0 ? range.from : key))
    assertOrder(keys.slice(1), range, this.#name, number)
    for (const [i, { below }] of nodes.entries()) {
      this.page(below, depth - 1, { from: keys[i], to: keys[i + 1] ?? range.to })
    }
  }

  #leaf(number: number, range: Range): void {
    this.#size.leaves++
    const nodes = this.#nodes(number, LEAF)
    const keys = nodes.map(({ key }) => key)
    const isWrong = (key: Buffer): boolean => (this.#name === 'free' ? key.length !== FREE_KEY_SIZE : key.length === 0)
    if (keys.some(isWrong)) throw new Error(`page ${number} has a wrong key`)
    assertOrder(keys, range, this.#name, number)
    for (const node of nodes) {
      this.#size.entries++
      const value = node.flags === ON_OVERFLOW ? this.#overflow(node) : node.rest.subarray(0, node.size)
      if (this.#name === 'free') assertFreeList(value, this.#file.lastPage)
    }
  }

  #nodes(number: number, kind: number): Node[] {
    this.#take(number, 1)
    const page = this.#file.read(number, this.#file.pageSize)
    this.#assertHeader(page, number, kind)
    const nodes = readNodes(page, number, kind === LEAF)
    if (nodes.length < (kind === BRANCH && this.#name === 'main' ? 2 : 1))
      throw new Error(`page ${number} has too few nodes`)
    return nodes
  }

  /** A value on pages of its own, which have one header. */
  #overflow({ rest, size }: Node): Buffer {
    const first = Number(rest.readBigUInt64LE(LINK.page))
    const pages = Number(rest.readBigUInt64LE(LINK.pages))
    this.#size.overflows += pages
    this.#take(first, pages)
    if (HEADER_SIZE + size > pages * this.#file.pageSize) throw new Error(`page ${first} has too few after it`)
    const bytes = this.#file.read(first, this.#name === 'free' ? HEADER_SIZE + size : HEADER_SIZE)
    this.#assertHeader(bytes, first, OVERFLOW)
    if (bytes.readUInt32LE(HEADER.overflows) !== pages) throw new Error(`page ${first} has another count`)
    this.#assertTransaction(rest.readBigUInt64LE(LINK.transaction), first)
    return bytes.subarray(HEADER_SIZE)
  }

  /** Pages 0 and 1 are the meta pages. */
  #take(first: number, count: number): void {
    const { pages, seen } = this.#file
    if (first < 2 || count < 1 || !(first + count <= pages)) throw new Error(`page ${first} is not in the file`)
    for (let page = first; page < first + count; page++) {
      if (seen.has(page)) throw new Error(`page ${page} belongs to two places`)
      seen.add(page)
    }
  }

  #assertHeader(page: Buffer, number: number, kind: number): void {
    if (page.readBigUInt64LE(HEADER.number) !== BigInt(number)) throw new Error(`page ${number} has another number`)
    if (page.readUInt16LE(HEADER.flags) !== kind) throw new Error(`page ${number} is of another kind`)
    this.#assertTransaction(page.readBigUInt64LE(HEADER.transaction), number)
  }

  /** LMDB writes into a page of a later transaction: it takes it for its own copy. */
  #assertTransaction(transaction: bigint, number: number): void {
    if (transaction > this.#file.transaction) throw new Error(`page ${number} is of a later transaction`)
  }
}

/** The nodes in the order of their keys. They lie side by side, in any order, up to the end of the page. */
function readNodes(page: Buffer, number: number, isLeaf: boolean): Node[] {
  const wrong = (): never => {
    throw new Error(`page ${number} has wrong nodes`)
  }
  const body = page.subarray(HEADER_SIZE)
  const lower = page.readUInt16LE(HEADER.lower)
  const upper = page.readUInt16LE(HEADER.upper)
  if (lower % 2 !== 0 || lower > upper || upper > body.length) wrong()
  const places: { start: number; end: number }[] = []
  const nodes: Node[] = []
  for (let i = 0; i < lower; i += 2) {
    const start = body.readUInt16LE(i)
    if (start < upper || start + NODE_SIZE > body.length) wrong()
    const node = readNode(body.subarray(start))
    const length = isLeaf ? lengthOf(node) : NODE_SIZE + node.key.length
    places.push({ start, end: start + length + (length % 2) })
    nodes.push(node)
  }
  places.sort((a, b) => a.start - b.start)
  const ends = [upper, ...places.map(({ end }) => end)]
  if (ends.at(-1) !== body.length || places.some(({ start }, i) => start !== ends[i])) wrong()
  return nodes
}

function readNode(bytes: Buffer): Node {
  const keyEnd = NODE_SIZE + bytes.readUInt16LE(NODE.keySize)
  if (keyEnd > bytes.length) throw new Error('a key is too long')
  const size = bytes.readUInt32LE(NODE.size)
  const flags = bytes.readUInt16LE(NODE.flags)
  return {
    key: bytes.subarray(NODE_SIZE, keyEnd),
    below: size + flags * 2 ** 32,
    size,
    flags,
    rest: bytes.subarray(keyEnd),
  }
}

/** Of a node in a leaf. No other kinds of values are written by this store. */
function lengthOf({ key, size, flags }: Node): number {
  if (flags !== 0 && flags !== ON_OVERFLOW) throw new Error('a node is of another kind')
  return NODE_SIZE + key.length + (flags === ON_OVERFLOW ? LINK_SIZE : size)
}

function assertOrder(keys: (Buffer | undefined)[], { from, to }: Range, name: TreeName, number: number): void {
  let last = from
  for (const [i, key] of [...keys, to].entries()) {
    const order = last === undefined || key === undefined ? -1 : compareKeys(last, key, name)
    // A leaf may begin with the very key that the branch above names.
    if (order > 0 || (order === 0 && i > 0)) throw new Error(`page ${number} is out of order`)
    last = key ?? last
  }
}

function compareKeys(a: Buffer, b: Buffer, name: TreeName): number {
  if (name === 'main') return a.compare(b)
  return Number(a.readBigUInt64LE() - b.readBigUInt64LE())
}

/** How many numbers follow, then the numbers of pages; a negative one says that so many pages begin at the next one. */
function assertFreeList(list: Buffer, lastPage: number): void {
  const wrong = (): never => {
    throw new Error('a list of free pages is wrong')
  }
  const numbers: number[] = []
  const count = list.length < FREE_ENTRY_SIZE ? wrong() : Number(list.readBigUInt64LE())
  if (!(FREE_ENTRY_SIZE * (count + 1) <= list.length)) wrong()
  for (let i = 1; i <= count; i++) numbers.push(Number(list.readBigInt64LE(FREE_ENTRY_SIZE * i)))
  for (let i = 0; i < count; i++) {
    const number = numbers[i] ?? 0
    if (number === 0) continue
    const length = number < 0 ? -number : 1
    const first = number < 0 ? (numbers[++i] ?? 0) : number
    if (first < 2 || first + length - 1 > lastPage) wrong()
  }
}
