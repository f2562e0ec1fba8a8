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

/** Of several addresses, libp2p names those it cannot listen on in lines of their own: `  /ip4/…: Error: …` */
const FAILED_ADDRESS = /^ +(\/\S+): (.*)$/m

/** Why there is no libp2p host */
export function hostFailure(err: unknown): StartError {
  const [, address, why] = FAILED_ADDRESS.exec((err as Error).message) ?? []
  return address === undefined
    ? new StartError(`cannot start the libp2p host: ${listenProblem(err)}`, { cause: err })
    : new StartError(`cannot listen on ${address} (--listen): ${listenProblem(new Error(why))}`, { cause: err })
}
