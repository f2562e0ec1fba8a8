import type { Metrics } from '@libp2p/interface'
import type { Route } from '../control/route.ts'

export interface ProtocolPeer {
  /** A peer id as text */
  peer: string
  direction: 'inbound' | 'outbound'
}

/** What the node's status, peers, health, metrics and control API know of a protocol: it adds itself with one of these. */
export interface NodeProtocol {
  /** A lower-case word; it names the protocol in answers, metrics and commands */
  name: string
  /** Whether it does what it is for; the node is ready when all are */
  ready: () => boolean
  /** Those it speaks with now */
  peers: () => readonly ProtocolPeer[]
  /** Call back for each peer it closes or does not let in; `reason` is one of a fixed few words */
  onRefusal?: (callback: (peer: string, reason: string) => void) => void
  /** Its part of the control API, under `/v1/<name>/` */
  routes: () => readonly Route[]
  /** Registers numbers that its service does not register itself */
  metrics?: (metrics: Metrics) => void
}
