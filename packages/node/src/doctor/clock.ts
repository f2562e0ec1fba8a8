/** The clock: records and values of the protocols carry times, and what is from the future is refused. */
import { createSocket } from 'node:dgram'
import { stat } from 'node:fs/promises'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'

const name = 'clock'
const FIX = 'let the system set it: "timedatectl set-ntp true", or an NTP service'
/** In ms; the protocols tolerate this much */
const MAX_SKEW = 60_000
/** In ms; to be noticed well before it matters */
const WARN_SKEW = 10_000
/** In ms */
const ANSWER_TIMEOUT = 3_000
const NTP_PORT = 123
/** Seconds from NTP's epoch, 1900, to ours */
const EPOCH_SECONDS = 2_208_988_800

/** @param server - asked by SNTP when given, as `host` or `host:port` */
export async function checkClock(server: string | undefined, now = Date.now): Promise<Finding> {
  const { mtimeMs } = await stat(new URL(import.meta.url))

  if (now() < mtimeMs - MAX_SKEW) {
    return fail(name, `it says ${new Date(now()).toISOString()}, before this program was installed`, FIX)
  } else if (server === undefined) {
    return ok(name, `${new Date(now()).toISOString()}; --time-server <host> compares it`)
  }

  try {
    return judged(await offset(server, now), server)
  } catch (err) {
    return warn(name, `${server} does not tell the time: ${(err as Error).message}`, 'give another --time-server')
  }
}

function judged(skew: number, server: string): Finding {
  const message = `${Math.abs(skew)} ms ${skew < 0 ? 'ahead of' : 'behind'} ${server}`
  const distance = Math.abs(skew)
  return distance >= MAX_SKEW
    ? fail(name, message, FIX)
    : distance >= WARN_SKEW
      ? warn(name, message, FIX)
      : ok(name, message)
}

/** In ms: what to add to our clock to have the server's. @see RFC 4330 §5 */
async function offset(server: string, now: () => number): Promise<number> {
  const [host, port = NTP_PORT] = server.split(':')
  const socket = createSocket('udp4')

  try {
    const answer = new Promise<Buffer>((resolve, reject) => {
      socket.once('message', resolve).once('error', reject)
      setTimeout(() => reject(new Error('it does not answer')), ANSWER_TIMEOUT).unref()
    })
    const request = Buffer.alloc(48)
    // version 4, mode 3: a client
    request[0] = 0b00_100_011
    const asked = now()
    socket.send(request, Number(port), host)
    const packet = await answer
    const answered = now()

    if (packet.byteLength < 48) {
      throw new Error('its answer is too short')
    }

    return Math.round((timeOf(packet, 32) - asked + (timeOf(packet, 40) - answered)) / 2)
  } finally {
    socket.close()
  }
}

/** In ms since our epoch */
function timeOf(packet: Buffer, at: number): number {
  return (packet.readUInt32BE(at) - EPOCH_SECONDS) * 1_000 + (packet.readUInt32BE(at + 4) / 2 ** 32) * 1_000
}
