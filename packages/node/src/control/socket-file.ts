/** A Unix socket has a file, which outlives a process that was killed. */
import { lstat, rename, rm } from 'node:fs/promises'
import { isMainThread } from 'node:worker_threads'
import { StartError } from '../errors.ts'
import { draftOf } from '../whole-file.ts'
import { listening } from './http.ts'
import { takesConnection } from './place.ts'
import type { Server } from 'node:http'

/**
 * Listen there, also where a process that was killed has left its socket.
 *
 * @param flag - which one sets it, for errors
 * @throws {StartError} when somebody else listens there, or it cannot be done
 */
export async function listenOnFile(server: Server, path: string, flag: string): Promise<void> {
  if (!(await isFree(path))) {
    throw new StartError(`cannot listen on ${path} for the ${flag}: another process listens there; give another path`)
  }

  try {
    await listening(server, () => listenPrivately(server, path), path, flag)
  } catch (err) {
    const { cause } = err as Error

    if ((cause as NodeJS.ErrnoException).code === 'EACCES') {
      // the system says so also when there is no such directory
      const why = 'its directory is not there, or this user may not write in it'
      throw new StartError(`cannot listen on ${path} for the ${flag}: ${why}`, { cause })
    }

    throw err
  }
}

/** Whether nobody listens there. Moved away first: to remove one that somebody has just begun to listen on would cut it off */
async function isFree(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)

  if (found?.isSocket() === false) {
    throw new StartError(`cannot listen on ${path} for the control API (--control-api): it is a file of another kind`)
  }

  if (found === undefined) {
    return true
  }

  const aside = draftOf(path)
  const moved = await rename(path, aside).then(
    () => true,
    () => false
  )

  if (!moved) {
    // another node starts just now
    return false
  } else if (await takesConnection(aside)) {
    await rename(aside, path)
    return false
  }

  await rm(aside, { force: true })
  return true
}

/** The socket's file is made within this call, and must never be open to others */
function listenPrivately(server: Server, path: string): void {
  if (!isMainThread) {
    server.listen(path)
    return
  }

  const mask = process.umask(0o177)

  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
}
