import { gossipDefaults } from '@hearsay/protocol-gossip'
import { proves, provesPacket } from '@hearsay/protocol-gossip/pow'
import { each, entryName, same } from './case.ts'
import { checkFrame, frames, refused, toHex } from './frames.ts'
import { api, final, midterm, p2p } from './gossip-dialects.ts'
import { challenges, checkProof, offers, sameChallenges } from './gossip-pow.ts'
import { flag, hex, hex64, list, object, text } from './json.ts'
import type { Case, Protocol } from './case.ts'
import type { Json, JsonObject } from './json.ts'

const { difficultyBits } = gossipDefaults
/** The midterm dialect's, whatever the gate's is */
const OFFER_BITS = 16
/** Size and type */
const HEADER_BYTES = 4
/** What a captured proof has in hexadecimal digits that is no frame */
const OF_A_PROOF: ReadonlySet<string> = new Set(['challengeHex', 'nonceHex', 'sha256'])

/** What vector files say about gossip. G1 and G2 are the two documents it was read from. */
export const gossip: Protocol = {
  name: 'gossip',
  sections: {
    api: frames(api),
    api_malformed: refused(api),
    g1_midterm: each(checkMidterm),
    g1_midterm_malformed: refused(midterm),
    g1_final: frames(final),
    g1_final_malformed: refused(final),
    g2_document: each(checkDocument),
    g2_document_malformed: refused(p2p),
    pow: {
      g1_midterm_peer_offer: offers,
      peer_offer_24_bits: offers,
      g1_final_peer_challenge: challenges,
      'g1_before_2021-09-11_peer_challenge': challenges,
      g2_document: sameChallenges
    },
    captured
  }
}

function checkMidterm(entry: JsonObject): void {
  const frame = hex(entry, 'hex')
  const message = checkFrame(midterm, frame, object(entry['fields'], 'fields'))

  if (message.type === 'offer' && entry['note'] === 'proof of work valid') {
    same('whether the proof of work in it is accepted', provesPacket(frame, OFFER_BITS), true)
  }
}

/** A frame with its fields, or a whole handshake */
function checkDocument(entry: JsonObject): void {
  if ('initHex' in entry) {
    checkHandshake(entry)
  } else {
    checkFrame(p2p, hex(entry, 'hex'), object(entry['fields'], 'fields'))
  }
}

function checkHandshake(entry: JsonObject): void {
  const [init, verify] = [hex(entry, 'initHex'), hex(entry, 'verifyHex')]
  checkFrame(p2p, init, { type: 504 })
  checkFrame(p2p, verify, { type: 505 })
  const proof = { challengeHex: toHex(init.subarray(HEADER_BYTES)), nonceHex: toHex(verify.subarray(HEADER_BYTES)) }

  if (flag(entry, 'valid')) {
    checkProof({ ...proof, sha256: text(entry, 'sha256') }, difficultyBits)
    checkFrame(p2p, hex(entry, 'okHex'), { type: 506 })
  } else {
    const accepted = proves(hex64(proof, 'challengeHex'), hex64(proof, 'nonceHex'), difficultyBits)
    same('whether the proof is accepted', accepted, false)
    same('okHex', entry['okHex'], null)
  }
}

/** What went over the wire between programs of the first document; those of the other went their own way */
function captured(section: Json): Case[] {
  return list(section, 'the section').map((value, index) => {
    const entry = object(value, 'the case')
    const name = entryName(entry, index)
    return text(entry, 'source').startsWith('G1') ? { name, check: () => checkCaptured(entry) } : { name }
  })
}

function checkCaptured(entry: JsonObject): void {
  const [challengeHex, nonceHex] = [text(entry, 'challengeHex'), text(entry, 'nonceHex')]
  checkProof(entry, difficultyBits)
  same('ok', entry['ok'], true)
  checkFrame(final, Buffer.from(`000c01fc${challengeHex}`, 'hex'), { challengeHex })
  checkFrame(final, Buffer.from(`000c01fd${nonceHex}`, 'hex'), { nonceHex })

  for (const [key, value] of Object.entries(entry)) {
    if (!OF_A_PROOF.has(key) && typeof value === 'string' && /^[0-9a-f]{8,}$/.test(value)) {
      checkFrame(final, hex(entry, key), {})
    }
  }
}
