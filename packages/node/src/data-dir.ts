import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from './errors.ts'
import { writeWhole } from './whole-file.ts'

/** Says how the rest of the directory is laid out: a number */
export const VERSION_FILE = 'version'

/** What a process that was killed may leave: a file without its name yet */
const DRAFT = /^\.[\w.-]+\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/** In ms; writing one takes a thousandth of it */
const DRAFT_AGE = 60_000

type Migration = (dir: string) => Promise<void>

/**
 * How a directory of one version becomes one of the next; the first is from version 0, which had no version file. Each
 * may be interrupted and run again.
 */
const MIGRATIONS: readonly Migration[] = [
  // identity.key stays as it is
  async () => {}
]

export const DATA_VERSION = MIGRATIONS.length

/**
 * Makes the data directory, or brings an older one up to date.
 *
 * @throws {StartError} when it cannot be used, or was written by a newer hearsay
 */
export async function openDataDir(dir: string, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await migrate(dir, migrations)
    await removeDrafts(dir)
  } catch (err) {
    if (err instanceof StartError) {
      throw err
    }

    throw new StartError(`cannot use the data directory ${dir}: ${(err as Error).message}`, { cause: err })
  }
}

/** Files that were never finished, because a process was killed; not those that another one is writing now */
async function removeDrafts(dir: string): Promise<void> {
  for (const name of (await readdir(dir)).filter((each) => DRAFT.test(each))) {
    const path = join(dir, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }))

    if (Date.now() - mtimeMs > DRAFT_AGE) {
      await rm(path, { force: true })
    }
  }
}

async function migrate(dir: string, migrations: readonly Migration[]): Promise<void> {
  const version = await versionOf(dir)

  if (version > migrations.length) {
    throw new StartError(
      `the data directory ${dir} has version ${version}, and this hearsay knows ${migrations.length}: use a newer one, or another --data-dir`
    )
  }

  for (let next = version; next < migrations.length; next++) {
    await migrations[next]!(dir)
    await writeWhole(join(dir, VERSION_FILE), `${next + 1}\n`)
  }
}

async function versionOf(dir: string): Promise<number> {
  const path = join(dir, VERSION_FILE)
  const text = await readFile(path, 'utf8').catch((err: NodeJS.ErrnoException) => {
    if (err.code === 'ENOENT') {
      return '0'
    }

    throw err
  })

  if (!/^\d{1,9}\n?$/.test(text)) {
    throw new StartError(`${path} holds no version number: restore it from a copy, or use another --data-dir`)
  }

  return Number(text)
}
