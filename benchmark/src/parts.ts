import { benchAddressBook } from './address-book.ts'
import { benchCup2py } from './cup2py.ts'
import { benchDht } from './dht.ts'
import { benchDigest } from './digest.ts'
import { benchGossip } from './gossip.ts'
import { benchGrowth } from './growth.ts'
import { benchIdle } from './idle.ts'
import { benchJoin } from './join.ts'
import { benchMoreNodes } from './more-nodes.ts'
import { benchProofOfWork } from './proof-of-work.ts'
import { benchShout } from './shout.ts'
import { benchTenNodes } from './ten-nodes.ts'
import type { Part } from './part.ts'

export const parts: readonly Part[] = [
  { id: 'P1', name: 'gossip', summary: 'gossip between two nodes: 100 B, 1 KiB, 16 KiB', run: benchGossip },
  { id: 'P2', name: 'ten-nodes', summary: 'gossip on ten nodes with four neighbours each', run: benchTenNodes },
  { id: 'P3', name: 'more-nodes', summary: 'gossip on 32 nodes, and at low load', run: benchMoreNodes },
  {
    id: 'P4',
    name: 'shout',
    summary: 'shout on two and ten nodes, signed and verified at each hop',
    run: async ({ rounds, print }) => benchShout(rounds, print)
  },
  { id: 'P5', name: 'pow', summary: 'the search for a proof of work', run: benchProofOfWork },
  { id: 'P6', name: 'cup2py', summary: 'UPDATE and SEARCH, by a Python script', run: benchCup2py },
  { id: 'P7', name: 'idle', summary: 'memory and CPU time of peers and nodes that do nothing', run: benchIdle },
  { id: 'P8', name: 'join', summary: 'from process start to the first delivery', run: benchJoin },
  { id: 'P9', name: 'dht', summary: 'PUT and GET on twenty nodes, by plain kad-dht', run: benchDht },
  { id: 'P10', name: 'growth', summary: 'cost from 4 to 64 nodes, and memory under a million ids', run: benchGrowth },
  { id: 'digest', name: 'digest', summary: 'what announces are remembered by', run: benchDigest },
  { id: 'book', name: 'address-book', summary: 'the address book and RSA, by Python', run: benchAddressBook }
]
