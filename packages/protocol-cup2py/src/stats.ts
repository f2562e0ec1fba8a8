import type { CloseReason, DropReason } from './contract.ts'

/** What an engine counted since its start. */
export interface Stats {
  received: { update: number; search: number }
  sent: { update: number; search: number }
  /** Records taken, from the network or by hand */
  records: number
  dropped: Record<DropReason, number>
  closed: Record<CloseReason, number>
}

export function createStats(): Stats {
  return {
    received: { update: 0, search: 0 },
    sent: { update: 0, search: 0 },
    records: 0,
    dropped: { rate: 0, busy: 0, future: 0, floor: 0, unsupported: 0 },
    closed: { malformed: 0, forged: 0, banned: 0, crowded: 0, idle: 0 }
  }
}
