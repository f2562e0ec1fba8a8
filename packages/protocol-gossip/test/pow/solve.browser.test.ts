import { proves, provesPacket, solve, solvePacket } from '@hearsay/protocol-gossip/pow'
import { expect, test, vi } from 'vitest'
import type { SolveProgress } from '@hearsay/protocol-gossip/pow'

test('finds 16 bits in a web worker', async () => {
  const started = vi.spyOn(window, 'Worker')
  const nonce = await solve(0n, { difficultyBits: 16, start: 0n })
  expect(nonce).toBe(119_704n)
  expect(proves(0n, nonce, 16)).toBe(true)
  expect(started).toHaveBeenCalledOnce()
})

test('finds 8 bits without one, and 20 with two', async () => {
  expect(proves(1n, await solve(1n, { difficultyBits: 8 }), 8)).toBe(true)
  expect(proves(1n, await solve(1n, { difficultyBits: 20, workers: 2 }), 20)).toBe(true)
})

test('completes an OFFER', async () => {
  const packet = new Uint8Array(100).fill(7)
  new DataView(packet.buffer).setBigUint64(12, await solvePacket(packet, { difficultyBits: 16 }))
  expect(provesPacket(packet, 16)).toBe(true)
})

test('reports progress at the speed of WebAssembly, and aborts', async () => {
  const terminated = vi.spyOn(Worker.prototype, 'terminate')
  const events: SolveProgress[] = []
  const options = { difficultyBits: 48, maxSolveBits: 64, signal: AbortSignal.timeout(1_200) }
  const solved = solve(1n, { ...options, onProgress: (event) => events.push(event) })
  await expect(solved).rejects.toThrow('timed out')
  expect(events.at(-1)!.hashesPerSecond).toBeGreaterThan(3e6)
  expect(terminated).toHaveBeenCalledOnce()
})

test('says why there is no worker', async () => {
  vi.stubGlobal(
    'Worker',
    class extends Worker {
      constructor() {
        super('/nowhere.js', { type: 'module' })
      }
    }
  )
  await expect(solve(1n, { difficultyBits: 20 })).rejects.toMatchObject({
    name: 'SolverFailedError',
    message: expect.stringContaining('could not be loaded')
  })
  vi.unstubAllGlobals()
})
