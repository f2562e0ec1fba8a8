/** Every command, in the order of the help. A protocol adds its own here, from files named for them. */
import { announce } from './announce.ts'
import { bench } from './bench.ts'
import { chat } from './chat.ts'
import { configShow, configValidate } from './config.ts'
import { dhtGet, dhtPut } from './dht.ts'
import { doctor } from './doctor.ts'
import { init } from './init.ts'
import { keyExport, keyImport, keyRotate } from './key.ts'
import { listen } from './listen.ts'
import { peers } from './peers.ts'
import { recordExport, recordImport, recordList, recordPublish, recordSearch } from './record.ts'
import { shout, speak, whisper } from './say.ts'
import { start } from './start.ts'
import { status } from './status.ts'
import { why } from './why.ts'
import type { CommandSpec } from '../command.ts'

export const commands: readonly CommandSpec[] = [
  start,
  init,
  status,
  peers,
  why,
  chat,
  shout,
  speak,
  whisper,
  recordPublish,
  recordSearch,
  recordList,
  recordExport,
  recordImport,
  dhtPut,
  dhtGet,
  announce,
  listen,
  configShow,
  configValidate,
  keyExport,
  keyImport,
  keyRotate,
  doctor,
  bench
]
