/** What the process contract of interop/README.md sets */
export interface Settings {
  /** libp2p's protocol id */
  protocol: string
  /** Of an Ed25519 identity, 32 bytes */
  seed: Uint8Array
  /** A multiaddr, or nothing */
  listen: string
  /** Multiaddrs that end in `/p2p/<peer id>` */
  dial: readonly string[]
  /** Leading zero bits of a proof of work */
  bits: number
  /** What is listened to */
  dataType: number
  /** `host:port` of a node's API */
  api: string
}

export function settings(env: NodeJS.ProcessEnv = process.env): Settings {
  const value = (name: string): string => env[`PEER_${name}`] ?? ''
  return {
    protocol: value('PROTOCOL'),
    seed: Buffer.from(value('SEED'), 'hex'),
    listen: value('LISTEN'),
    dial: value('DIAL')
      .split(',')
      .filter((address) => address !== ''),
    bits: Number(value('DIFFICULTY_BITS')),
    dataType: Number(value('DATA_TYPE')),
    api: value('API')
  }
}

/** When stdin is closed, and at last after PEER_TIMEOUT seconds */
export async function told(): Promise<void> {
  const timer = setTimeout(
    () => {
      console.error('nobody closed stdin')
      process.exit(1)
    },
    Number(process.env['PEER_TIMEOUT'] ?? '300') * 1_000
  )

  for await (const chunk of process.stdin) {
    console.error(`unexpected on stdin: ${String(chunk)}`)
  }

  clearTimeout(timer)
}
