import { afterEach, describe, expect, test, vi } from 'vitest'
import { solve, solvePacket } from '../../src/pow/solve.ts'
import type * as Workers from '../../src/pow/workers.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const workers = await vi.importActual<typeof Workers>('#pow-workers')
const script = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`)

const { startWorker } = vi.hoisted(() => ({ startWorker: vi.fn<typeof Workers.startWorker>() }))

vi.mock('#pow-workers', () => ({ startWorker }))

/** Starts a worker with another program than the search */
function misbehave(program: URL): void {
  startWorker.mockImplementation((job, events) => workers.startWorker(job, events, program))
}

afterEach(() => {
  startWorker.mockReset()
})

describe('a worker that', () => {
  test.each([
    ['throws', script('throw new RangeError("out of luck")'), { name: 'RangeError', message: 'out of luck' }],
    ['exits', script('process.exit(3)'), { name: 'Error', message: 'it ended with code 3' }],
    ['ends without a word', script(''), { name: 'Error', message: 'it ended with code 0' }],
    ['has no script', new URL('./nowhere.js', import.meta.url), { message: expect.stringContaining('nowhere.js') }]
  ])('%s rejects the search, with the cause', async (_, program, cause) => {
    misbehave(program)
    const solved = solve(1n, { difficultyBits: 20, workers: 2 })
    await expect(solved).rejects.toMatchObject({ name: 'SolverFailedError', cause: expect.objectContaining(cause) })
  })

  test('cannot be started rejects the search, with the cause, and ends the others', async () => {
    const cause = new Error('no threads left')
    const end = vi.fn<() => void>()
    startWorker.mockReturnValueOnce(end).mockImplementationOnce(() => {
      throw cause
    })
    const solved = solve(1n, { difficultyBits: 20, workers: 2 })
    await expect(solved).rejects.toMatchObject({ name: 'SolverFailedError', cause })
    expect(end).toHaveBeenCalledOnce()
  })
})

test('small searches start no worker, larger ones as many as they should', async () => {
  startWorker.mockImplementation(workers.startWorker)
  await solve(1n, { difficultyBits: 12, workers: 2 })
  await solvePacket(new Uint8Array(1_000), { difficultyBits: 8, workers: 2 })
  expect(startWorker).not.toHaveBeenCalled()
  await solve(1n, { difficultyBits: 13, workers: 2 })
  expect(startWorker).toHaveBeenCalledTimes(2)
  await solvePacket(new Uint8Array(1_000), { difficultyBits: 9, workers: 2 })
  expect(startWorker).toHaveBeenCalledTimes(4)
})
