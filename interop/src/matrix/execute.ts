import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Outside the clone, so that a build outlives it */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hearsay-interop')
}

export interface ExecuteOptions {
  cwd?: string
  env?: Readonly<Record<string, string>>
  say: (line: string) => void
}

/** What a machine has not, so that cells are not run; anything else that goes wrong makes them red. */
export class MissingError extends Error {
  override readonly name = 'MissingError'
}

/** In characters, the newest, of what a command that failed said */
const MAX_SAID = 4_000

/**
 * Runs a command to its end.
 *
 * @throws {Error} with what it said, when it fails
 */
export async function execute(command: string, args: readonly string[], options: ExecuteOptions): Promise<void> {
  const { cwd, env, say } = options
  say(`${command} ${args.join(' ')}`)
  const child = spawn(command, [...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const listen = (text: string): void => void (said = (said + text).slice(-MAX_SAID))
  child.stdout.setEncoding('utf8').on('data', listen)
  child.stderr.setEncoding('utf8').on('data', listen)
  const code = await new Promise((resolve) => {
    child.on('error', (err) => resolve(err.message))
    child.on('close', resolve)
  })

  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed (${String(code)}): ${said.trim()}`)
  }
}
