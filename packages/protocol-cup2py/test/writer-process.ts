/** Writes users into a book, and after each batch says how many there are. Runs until it is killed. */
import { writeSync } from 'node:fs'
import { SqliteBook } from '@hearsay/protocol-cup2py/sqlite'
import { unsignedUser } from './unsigned-user.ts'

const book = new SqliteBook(process.argv[2]!)
book.open()

for (let count = 0; ;) {
  const batch = Array.from({ length: 1 + (count % 7) }, (_, i) => unsignedUser(`user-${count + i}`))
  book.put(batch.map((record) => ({ record, reachedAt: 0 })))
  count += batch.length
  writeSync(1, `${count}\n`)
}
