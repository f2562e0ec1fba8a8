import { connect } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ClientQueues } from '../src/api/client-queues.ts'
import { ApiServer } from '../src/api/server.ts'
import { OFTEN } from './api-client.ts'
import { recordedLog } from './nodes.ts'
import type { Socket } from 'node:net'
import type { ApiClient } from '../src/api/server.ts'

vi.setConfig({ testTimeout: 60_000 })

const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) {
    await end()
  }
})

describe('the queues of all clients', () => {
  it('are counted again only when they may be too long, and the longest goes', () => {
    const queues = new ClientQueues(100)
    const clients = [30, 60, 20].map((bytes) => {
      const client = { size: vi.fn(() => client.bytes), bytes, close: vi.fn(() => void (client.bytes = 0)) }
      queues.add(client)
      return client
    })
    queues.grew(30)
    queues.grew(70)
    expect(clients[0]!.size).not.toHaveBeenCalled()
    queues.grew(10)
    expect(clients.map(({ close }) => close.mock.calls.length)).toEqual([0, 1, 0])
    // 50 are left; so much may come
    queues.grew(50)
    expect(clients.map(({ close }) => close.mock.calls.length)).toEqual([0, 1, 0])
    clients[2]!.bytes = 80
    queues.grew(1)
    expect(clients.map(({ close }) => close.mock.calls.length)).toEqual([0, 1, 1])
  })

  it('close nobody who is gone', () => {
    const queues = new ClientQueues(10)
    const gone = { size: () => 100, close: vi.fn<() => void>() }
    queues.add(gone)
    queues.remove(gone)
    queues.grew(100)
    expect(gone.close).not.toHaveBeenCalled()
  })
})

describe('many clients that do not read', () => {
  const LIMIT = 4 * 2 ** 20
  const FRAME = new Uint8Array(60_000).fill(1)

  it('are dropped before they take more memory than all may, and the one that reads stays', async () => {
    const log = recordedLog()
    const clients: ApiClient[] = []
    const createSession = (client: ApiClient): { onFrame: () => void; onEnd: () => void } => {
      clients.push(client)
      return { onFrame: () => {}, onEnd: () => {} }
    }
    const server = new ApiServer({ name: 'API', flag: '--api', createSession, queues: new ClientQueues(LIMIT), log })
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
    ends.push(async () => server.stop())
    const sockets = Array.from({ length: 6 }, () => connect(port, '127.0.0.1'))
    sockets.forEach((socket) => ends.push(() => void socket.destroy()))
    await vi.waitFor(() => expect(clients).toHaveLength(6), OFTEN)
    const reader = readerOf(sockets.find((socket) => clients[0]!.name.endsWith(`:${socket.localPort}`))!)
    sockets.filter((socket) => socket !== reader.socket).forEach((socket) => socket.pause())

    // each may have 4 MiB; all together not 20
    for (let sent = 1; log.lines.length < 5 && sent <= 2_000; sent++) {
      clients.forEach((client) => client.send(FRAME))
      await vi.waitFor(() => expect(reader.bytes()).toBe(sent * (FRAME.byteLength + 2)), { ...OFTEN, timeout: 30_000 })
    }

    expect(log.lines).toHaveLength(5)
    expect(log.lines.filter((line) => line.includes('all clients together left more than'))).not.toEqual([])
    expect(log.lines.join('\n')).not.toContain(clients[0]!.name)
    expect(reader.socket.destroyed).toBe(false)
  })
})

function readerOf(socket: Socket): { socket: Socket; bytes: () => number } {
  let bytes = 0
  socket.on('data', (chunk) => (bytes += chunk.byteLength))
  return { socket, bytes: () => bytes }
}
