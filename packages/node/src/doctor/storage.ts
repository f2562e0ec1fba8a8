/** The data directory. */
import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { KEY_FILE } from '../key-file.ts'
import { MIN_FREE_BYTES } from '../operations/checks.ts'
import { userKeyPath } from '../user-key.ts'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'

const MIB = 2 ** 20
/** Half of what a distribution calls a full disk */
const LOW_BYTES = 512 * MIB

export async function checkDataDir(dataDir: string): Promise<Finding> {
  const name = 'data directory'
  const there = await nearestExisting(dataDir)

  if (!(await stat(there)).isDirectory()) {
    return fail(name, `${there} is a file`, 'give another --data-dir')
  }

  try {
    await access(there, constants.W_OK | constants.X_OK)
    return ok(name, there === resolve(dataDir) ? dataDir : `${dataDir} will be made at the first start`)
  } catch {
    return fail(name, `${there} cannot be written`, `let this user write there, or give another --data-dir`)
  }
}

export async function checkKey(dataDir: string): Promise<Finding> {
  return keyFinding('key', join(dataDir, KEY_FILE), 'hearsay key rotate')
}

/** Of cup2py and shout */
export async function checkUserKey(dataDir: string, user: string): Promise<Finding> {
  return keyFinding('user key', userKeyPath(dataDir, user), 'another --user')
}

/** @param instead - what to do once somebody else may have it */
async function keyFinding(name: string, path: string, instead: string): Promise<Finding> {
  const found = await stat(path).catch(() => undefined)

  if (found === undefined) {
    return ok(name, 'there is none yet: the first start makes one')
  }

  const others = found.mode & 0o077
  return others === 0 || process.platform === 'win32'
    ? ok(name, `${path}, for its owner alone`)
    : fail(name, `${path} can be used by others on this machine`, `chmod 600 ${path}; if somebody may have: ${instead}`)
}

export async function checkDisk(dataDir: string, free = freeBytes(dataDir)): Promise<Finding> {
  const bytes = await free
  const message = `${Math.floor(bytes / MIB)} MiB free`
  const fix = 'make room, or give a --data-dir on another disk'
  return bytes < MIN_FREE_BYTES
    ? fail('disk', message, fix)
    : bytes < LOW_BYTES
      ? warn('disk', message, fix)
      : ok('disk', message)
}

async function freeBytes(dataDir: string): Promise<number> {
  const { bavail, bsize } = await statfs(await nearestExisting(dataDir))
  return bavail * bsize
}

/** The directory itself, or the one it will be made in */
async function nearestExisting(path: string): Promise<string> {
  const whole = resolve(path)
  const found = await stat(whole).catch(() => undefined)
  return found !== undefined || whole === dirname(whole) ? whole : nearestExisting(dirname(whole))
}
