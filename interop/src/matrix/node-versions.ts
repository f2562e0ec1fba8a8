/** Node.js of several versions, each from its package on npm, which is checked against the hash here. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, execute, MissingError } from './execute.ts'

export interface NodeVersion {
  /** `22` */
  major: string
  /** `22.23.3` */
  version: string
  /** SHA-512 of the package's tarball in base64, by platform and processor */
  sha512: Readonly<Record<string, string>>
}

/** The oldest that the packages support, the one they are made with, and the newest */
export const nodeVersions: readonly NodeVersion[] = [
  {
    major: '22',
    version: '22.23.3',
    sha512: {
      'linux-x64': 'qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng=='
    }
  },
  {
    major: '24',
    version: '24.21.0',
    sha512: {
      'linux-x64': '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q=='
    }
  },
  {
    major: '26',
    version: '26.10.0',
    sha512: {
      'linux-x64': 'OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw=='
    }
  }
]

/**
 * The program of a version, fetched when it is not there yet.
 *
 * @throws {MissingError} when it cannot be had here
 */
export async function nodeOf({ version, sha512 }: NodeVersion, say: (line: string) => void): Promise<string> {
  const platform = `${process.platform}-${process.arch}`
  const expected = sha512[platform]
  const folder = join(cacheFolder(), `node-${version}-${platform}`)
  const command = join(folder, 'package', 'bin', 'node')

  if (version === process.versions.node) {
    return process.execPath
  } else if (expected === undefined) {
    throw new MissingError(`Node.js ${version} for ${platform} is not among those that are pinned`)
  } else if (!existsSync(command)) {
    await fetchNode(`node-${platform}@${version}`, expected, folder, say)
  }

  return command
}

async function fetchNode(name: string, expected: string, folder: string, say: (line: string) => void): Promise<void> {
  const draft = `${folder}.${process.pid}`
  mkdirSync(draft, { recursive: true })

  try {
    await execute('npm', ['pack', '--silent', name], { cwd: draft, say }).catch((err: Error) => {
      throw new MissingError(`${name} cannot be fetched: ${err.message}`, { cause: err })
    })
    const tarball = join(draft, `${name.replace('@', '-')}.tgz`)
    const sum = createHash('sha512').update(readFileSync(tarball)).digest('base64')

    if (sum !== expected) {
      throw new Error(`${name} has the SHA-512 ${sum}, and must have ${expected}`)
    }

    await execute('tar', ['-xzf', tarball, '-C', draft], { say })
    rmSync(tarball)
    // only what is whole has the name that is looked for
    renameSync(draft, folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}
