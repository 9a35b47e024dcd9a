import type { Socket } from 'node:net'
import mongoose from 'mongoose'

const { BSON } = mongoose.mongo

export type Document = Record<string, unknown>

/** Opcodes of MongoDB's wire protocol. */
const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

/** Flags of OP_MSG. */
const CHECKSUM_PRESENT = 1 << 0
const MORE_TO_COME = 1 << 1
const EXHAUST_ALLOWED = 1 << 16

const HEADER = 16

/** A command, as a client has sent it. */
export interface Request {
  id: number
  command: Document
  /** It came as OP_QUERY, which is left for the first message of a connection. */
  isLegacy: boolean
  /** It is content with several answers. */
  allowsMore: boolean
  /** It waits for no answer. */
  isUnacknowledged: boolean
}

/** Numbers keep their types, so that what is passed on is what was sent. */
export const decode = (bytes: Uint8Array): Document => BSON.deserialize(bytes, { promoteValues: false })

export const encode = (document: Document): Buffer => Buffer.from(BSON.serialize(document))

/** The messages that arrive, one by one. */
export async function* readMessages(socket: Socket): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk as Buffer])
    while (rest.length >= HEADER && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0)
      yield rest.subarray(0, length)
      rest = rest.subarray(length)
    }
  }
}

export function parseRequest(message: Buffer): Request {
  const opCode = message.readInt32LE(12)
  const id = message.readInt32LE(4)
  if (opCode === OP_QUERY) {
    const nameEnd = message.indexOf(0, HEADER + 4)
    const command = decode(message.subarray(nameEnd + 9))
    return { id, command, isLegacy: true, allowsMore: false, isUnacknowledged: false }
  }
  if (opCode !== OP_MSG) throw new Error(`opcode ${opCode} is not known here`)
  const flags = message.readUInt32LE(HEADER)
  const end = (flags & CHECKSUM_PRESENT) === 0 ? message.length : message.length - 4
  return {
    ...{ id, command: readSections(message.subarray(HEADER + 4, end)), isLegacy: false },
    allowsMore: (flags & EXHAUST_ALLOWED) !== 0,
    isUnacknowledged: (flags & MORE_TO_COME) !== 0,
  }
}

/** One body (kind 0), and any number of lists that stand beside it (kind 1). */
function readSections(bytes: Buffer): Document {
  const command: Document = {}
  for (let at = 0; at < bytes.length; ) {
    const isBody = bytes.readUInt8(at) === 0
    const section = bytes.subarray(at + 1, at + 1 + bytes.readInt32LE(at + 1))
    if (isBody) Object.assign(command, decode(section))
    else Object.assign(command, readSequence(section))
    at += 1 + section.length
  }
  return command
}

function readSequence(section: Buffer): Document {
  const nameEnd = section.indexOf(0, 4)
  const documents: Document[] = []
  for (let at = nameEnd + 1; at < section.length; at += section.readInt32LE(at)) {
    documents.push(decode(section.subarray(at, at + section.readInt32LE(at))))
  }
  return { [section.toString('utf8', 4, nameEnd)]: documents }
}

let lastId = 0

export function formatRequest(command: Document): Buffer {
  return formatMessage(command, { responseTo: 0, flags: 0 })
}

export function formatReply(document: Document | Buffer, { id, isLegacy }: Request, hasMore = false): Buffer {
  if (!isLegacy) return formatMessage(document, { responseTo: id, flags: hasMore ? MORE_TO_COME : 0 })
  const fields = Buffer.alloc(20)
  fields.writeInt32LE(1, 16)
  return withHeader(OP_REPLY, id, [fields, toBytes(document)])
}

function formatMessage(document: Document | Buffer, { responseTo, flags }: { responseTo: number; flags: number }) {
  const fields = Buffer.alloc(5)
  fields.writeUInt32LE(flags, 0)
  return withHeader(OP_MSG, responseTo, [fields, toBytes(document)])
}

const toBytes = (document: Document | Buffer): Buffer => (Buffer.isBuffer(document) ? document : encode(document))

function withHeader(opCode: number, responseTo: number, parts: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(HEADER)
  const message = Buffer.concat([header, ...parts])
  for (const [i, value] of [message.length, ++lastId, responseTo, opCode].entries()) message.writeInt32LE(value, i * 4)
  return message
}

/** The document of an answer, as it came. */
export const replyOf = (message: Buffer): Buffer => message.subarray(HEADER + 5)
