/** A flag, variable or file key that is wrong. The message names it, what is allowed, and the nearest that exists. */
export class ConfigError extends Error {
  static override readonly name = 'ConfigError'
  override readonly name = 'ConfigError'
}

/** The node cannot run here: a port is taken, a key file cannot be read. The message says what to do. */
export class StartError extends Error {
  static override readonly name = 'StartError'
  override readonly name = 'StartError'
}

/** Why an address cannot be listened on, for whoever chose it */
export function listenProblem(err: unknown): string {
  const message = err instanceof Error ? err.message : String(err)

  if (message.includes('EADDRINUSE')) {
    return 'the port is in use; port 0 picks a free one'
  } else if (message.includes('EADDRNOTAVAIL')) {
    return 'this machine has no such address'
  } else if (message.includes('EACCES')) {
    return 'this port needs more rights; ports from 1024 on do not'
  }

  return message.split('\n', 1)[0]!
}
