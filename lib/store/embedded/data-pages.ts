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

/** A node, by where its parts stand in its page. */
interface Node {
  keyStart: number
  keyEnd: number
  size: number
  flags: number
}

interface Page {
  number: number
  bytes: Buffer
  /** In the order of their keys. */
  nodes: Node[]
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
  /** By where a node begins in the page that is read: how long it is. */
  readonly #lengths: Uint32Array

  constructor(file: DataFile, name: TreeName, size: TreeSize) {
    this.#file = file
    this.#name = name
    this.#size = size
    this.#lengths = new Uint32Array(file.pageSize)
  }

  page(number: number, depth: number, range: Range): void {
    if (depth > 1) this.#branch(number, depth, range)
    else this.#leaf(number, range)
  }

  #branch(number: number, depth: number, range: Range): void {
    this.#size.branches++
    const page = this.#read(number, BRANCH)
    if (page.nodes.length < (this.#name === 'main' ? 2 : 1)) throw new Error(`page ${number} has too few nodes`)
    // The key of the first node counts as the lowest there is, whatever stands there.
    this.#assertOrder(page, 1, range)
    const keys = page.nodes.map((node, i) => (i === 0 ? range.from : keyOf(page, node)))
    for (const [i, { size, flags }] of page.nodes.entries()) {
      this.page(size + flags * 2 ** 32, depth - 1, { from: keys[i], to: keys[i + 1] ?? range.to })
    }
  }

  #leaf(number: number, range: Range): void {
    this.#size.leaves++
    const page = this.#read(number, LEAF)
    if (page.nodes.length === 0) throw new Error(`page ${number} has too few nodes`)
    this.#assertOrder(page, 0, range)
    for (const node of page.nodes) this.#value(page, node)
  }

  #value({ number, bytes }: Page, { keyStart, keyEnd, size, flags }: Node): void {
    const keySize = keyEnd - keyStart
    if (keySize === 0 || (this.#name === 'free' && keySize !== FREE_KEY_SIZE))
      throw new Error(`page ${number} has a wrong key`)
    this.#size.entries++
    const overflow =
      flags === ON_OVERFLOW ? this.#overflow(bytes.subarray(keyEnd, keyEnd + LINK_SIZE), size) : undefined
    if (this.#name === 'free') assertFreeList(overflow ?? bytes.subarray(keyEnd, keyEnd + size), this.#file.lastPage)
  }

  /** A value on pages of its own, which have one header. */
  #overflow(link: Buffer, size: number): Buffer {
    const first = Number(link.readBigUInt64LE(LINK.page))
    const pages = Number(link.readBigUInt64LE(LINK.pages))
    this.#size.overflows += pages
    this.#take(first, pages)
    if (HEADER_SIZE + size > pages * this.#file.pageSize) throw new Error(`page ${first} has too few after it`)
    const bytes = this.#file.read(first, this.#name === 'free' ? HEADER_SIZE + size : HEADER_SIZE)
    this.#assertHeader(bytes, first, OVERFLOW)
    if (bytes.readUInt32LE(HEADER.overflows) !== pages) throw new Error(`page ${first} has another count`)
    this.#assertTransaction(link.readBigUInt64LE(LINK.transaction), first)
    return bytes.subarray(HEADER_SIZE)
  }

  #read(number: number, kind: number): Page {
    this.#take(number, 1)
    const bytes = this.#file.read(number, this.#file.pageSize)
    this.#assertHeader(bytes, number, kind)
    return { number, bytes, nodes: this.#nodes(bytes, number, kind) }
  }

  /** They lie side by side, in any order, from the end of the free room to the end of the page. */
  #nodes(bytes: Buffer, number: number, kind: number): Node[] {
    const wrong = (): never => {
      throw new Error(`page ${number} has wrong nodes`)
    }
    const lower = HEADER_SIZE + bytes.readUInt16LE(HEADER.lower)
    const upper = HEADER_SIZE + bytes.readUInt16LE(HEADER.upper)
    if (lower % 2 !== 0 || lower > upper || upper > bytes.length) wrong()
    const nodes: Node[] = []
    for (let at = HEADER_SIZE; at < lower; at += 2) {
      const start = HEADER_SIZE + bytes.readUInt16LE(at)
      if (start < upper || start + NODE_SIZE > bytes.length || this.#lengths[start] !== 0) wrong()
      const node = readNode(bytes, start)
      const length = lengthOf(node, kind)
      if (start + length > bytes.length) wrong()
      this.#lengths[start] = length + (length % 2)
      nodes.push(node)
    }
    let place = upper
    for (let count = 0; count < nodes.length; count++) {
      const length = this.#lengths[place] ?? 0
      if (length === 0) wrong()
      this.#lengths[place] = 0
      place += length
    }
    if (place !== bytes.length) wrong()
    return nodes
  }

  /** The keys ascend, from one node on, and stay between those that the branch above names. */
  #assertOrder(page: Page, first: number, { from, to }: Range): void {
    const { bytes, nodes } = page
    const [lowest, highest] = [nodes[first], nodes.at(-1)]
    if (lowest === undefined || highest === undefined) return
    let isRight = from === undefined || this.#compare(from, keyOf(page, lowest)) <= 0
    isRight &&= to === undefined || this.#compare(keyOf(page, highest), to) < 0
    for (let i = first + 1; isRight && i < nodes.length; i++) {
      const [a, b] = [nodes[i - 1] ?? lowest, nodes[i] ?? highest]
      isRight =
        this.#name === 'main'
          ? bytes.compare(bytes, b.keyStart, b.keyEnd, a.keyStart, a.keyEnd) < 0
          : this.#compare(keyOf(page, a), keyOf(page, b)) < 0
    }
    if (!isRight) throw new Error(`page ${page.number} is out of order`)
  }

  /** Keys of the free tree are numbers. */
  #compare(a: Buffer, b: Buffer): number {
    return this.#name === 'main' ? a.compare(b) : Number(a.readBigUInt64LE() - b.readBigUInt64LE())
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

function keyOf({ bytes }: Page, { keyStart, keyEnd }: Node): Buffer {
  return bytes.subarray(keyStart, keyEnd)
}

function readNode(bytes: Buffer, start: number): Node {
  const keyStart = start + NODE_SIZE
  const keyEnd = keyStart + bytes.readUInt16LE(start + NODE.keySize)
  return {
    keyStart,
    keyEnd,
    size: bytes.readUInt32LE(start + NODE.size),
    flags: bytes.readUInt16LE(start + NODE.flags),
  }
}

/** No other kinds of values than these two are written by this store. */
function lengthOf({ keyStart, keyEnd, size, flags }: Node, kind: number): number {
  const length = NODE_SIZE + keyEnd - keyStart
  if (kind === BRANCH) return length
  if (flags !== 0 && flags !== ON_OVERFLOW) throw new Error('a node is of another kind')
  return length + (flags === ON_OVERFLOW ? LINK_SIZE : size)
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
