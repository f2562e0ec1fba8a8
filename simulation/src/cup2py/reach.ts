/** For each user, to how many there is a way from book to book, itself among them */
export function reachOf(books: readonly Iterable<number>[]): number[] {
  const nodes = books.length
  const known = books.map((book) => Int32Array.from(book))
  const seenBy = new Int32Array(nodes).fill(-1)
  const found = new Int32Array(nodes)

  return known.map((_, user) => {
    let count = 1
    found[0] = user
    seenBy[user] = user

    for (let i = 0; i < count; i++) {
      for (const other of known[found[i]!]!) {
        if (seenBy[other] !== user) {
          seenBy[other] = user
          found[count++] = other
        }
      }
    }

    return count
  })
}
