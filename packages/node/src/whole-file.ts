import { randomUUID } from 'node:crypto'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** In any directory: a name that no other process uses, for a file that is not finished */
export function draftOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}`)
}

/**
 * Writes a file so that a crash leaves the old one or the new one, never a part: it gets its name when all of it is on
 * the disk. Readable by its owner alone.
 */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const draft = draftOf(path)

  try {
    await writeFile(draft, content, { mode: 0o600, flush: true })
    await rename(draft, path)
    await syncDirectory(dirname(path))
  } finally {
    await rm(draft, { force: true })
  }
}

/** A name is on the disk once its directory is. Windows cannot, and does not need to */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform !== 'win32') {
    const directory = await open(path, 'r')

    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  }
}
