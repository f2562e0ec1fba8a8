import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readPlace } from './control/place.ts'
import { StartError } from './errors.ts'

/** An empty file. Who has it locked runs with the directory; it stays when nobody does */
export const LOCK_FILE = 'lock'

/** Of SQLite: another process, or another node of this one, has it */
const BUSY = 5

/**
 * Takes a data directory for one node. The lock is the operating system's, by way of SQLite: it ends with the process,
 * however that ends, so there is none that somebody left behind, and no process id that another program has by now.
 *
 * @param dir - made if there is none
 * @returns what gives it back
 * @throws {StartError} when another node runs with it
 */
export async function lockDataDir(dir: string): Promise<() => void> {
  const path = join(dir, LOCK_FILE)
  let file: DatabaseSync | undefined

  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    // SQLite would make it readable for others
    await (await open(path, 'a', 0o600)).close()
    file = new DatabaseSync(path, { timeout: 0 })
    // nothing is written: no journal is to lie beside it
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return file.close.bind(file)
  } catch (err) {
    file?.close()
    const isBusy = (err as { errcode?: number }).errcode === BUSY
    const why = isBusy ? `another node runs with it${await owner(dir)}` : (err as Error).message
    const fix = isBusy ? ': stop that one, or give this one another --data-dir' : ''
    throw new StartError(`cannot use the data directory ${dir}: ${why}${fix}`, { cause: err })
  }
}

/** As far as it says so */
async function owner(dir: string): Promise<string> {
  const place = await readPlace(dir).catch(() => undefined)
  return place === undefined ? '' : ` (process ${place.pid})`
}
