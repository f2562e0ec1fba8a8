/**
 * A plain program on a node's gossip API: it calls valid what does not begin with `no`, and says that again under the
 * next data type.
 *
 * @see docs/specs/gossip.md#api
 */
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { hasFault } from './fault.ts'
import { decode, dialects, encode, Splitter } from './frames.ts'
import type { Socket } from 'node:net'
import type { Settings } from './settings.ts'

export interface ApiReport {
  heard: { dataType: number; bytes: number; sha256: string; valid: boolean }[]
}

export function startApi({ api, dataType }: Settings): ApiReport {
  const [host, port] = api.split(':')
  const report: ApiReport = { heard: [] }
  const splitter = new Splitter()
  const socket = connect(Number(port), host)

  // in single bytes: TCP keeps no boundaries, and nobody may rely on them
  for (const byte of encode(dialects.api, 'notify', { numbers: { dataType: BigInt(dataType) } })) {
    socket.write(Uint8Array.of(byte))
  }

  socket.on('error', (err) => console.error(err.message))
  socket.on('data', (chunk) => splitter.push(chunk, (frame) => answer(socket, frame, report)))
  return report
}

function answer(socket: Socket, frame: Buffer, { heard }: ApiReport): void {
  const { name, numbers, data } = decode(dialects.api, frame)
  const valid = hasFault('says-all-valid') || data.toString('utf8', 0, 2) !== 'no'

  if (name !== 'notification') {
    throw new Error(`the node sent ${name}`)
  }

  const dataType = Number(numbers['dataType'])
  heard.push({ dataType, bytes: data.length, sha256: createHash('sha256').update(data).digest('hex'), valid })
  socket.write(encode(dialects.api, 'validation', { numbers: { messageId: numbers['messageId']! }, valid }))

  if (valid) {
    socket.write(encode(dialects.api, 'announce', { numbers: { ttl: 0n, dataType: BigInt(dataType + 1) }, data }))
  }
}
