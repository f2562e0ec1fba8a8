import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createInterface } from 'node:readline'
import { openDhtStorage, openRecord, plainKey } from '@hearsay/node/dht'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { Record } from '@libp2p/kad-dht'
import { afterAll, describe, expect, it } from 'vitest'
import { recordRow } from '../../src/dht/record-store.ts'
import { Owner } from './owners.ts'

/** CRASHES sets how many */
const KILLS = Number(process.env['CRASHES'] ?? 6)
const dir = mkdtempSync(join(tmpdir(), 'hearsay-dht-crash-'))
afterAll(() => rmSync(dir, { recursive: true }))

const owner = Owner.of(await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7)))
const key = plainKey(new Uint8Array(32).fill(7))

/** Runs the writer from a sequence on, kills it at a moment that nobody chose, and returns the last that it told */
async function killed(first: number): Promise<number> {
  const script = join(import.meta.dirname, 'writer.ts')
  const args = ['--conditions=@hearsay/source', '--disable-warning=ExperimentalWarning', script, dir, String(first)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  let last = 0
  lines.on('line', (line) => (last = Number(line)))
  await once(lines, 'line')
  setTimeout(() => child.kill('SIGKILL'), Math.random() * 50)
  await once(lines, 'close')
  return last
}

describe('a node that is killed while it stores (T20)', () => {
  it('lost nothing that it acknowledged, and takes nothing older', { timeout: 60_000 + KILLS * 10_000 }, async () => {
    let next = 1

    for (let kill = 0; kill < KILLS; kill++) {
      const last = await killed(next)
      const database = new DatabaseSync(join(dir, 'dht.sqlite'))
      expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
      database.close()

      const { rules, records, own, close } = await openDhtStorage(dir)
      const held = Record.deserialize(await records.get(recordRow(key)))
      const { envelope } = openRecord(held.key, held.value)
      expect(envelope.sequence).toBeGreaterThanOrEqual(last)
      expect(own.lastSequence).toBeGreaterThanOrEqual(last)
      const older = await owner.seal(key, { sequence: last - 1, issuedAt: Date.now() + 10_000 })
      await expect(rules.accept(key, older)).rejects.toThrow('a later one of its owner was seen')
      next = own.lastSequence + 1
      close()
    }

    expect(next).toBeGreaterThan(KILLS)
  })
})
