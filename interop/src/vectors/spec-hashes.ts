/** The SHA-256 of each vector file stands in the specification that it is about: neither changes without the other. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../vectors', import.meta.url))
const SPECS = fileURLToPath(new URL('../../../docs/specs', import.meta.url))
/** A link to a vector file, and its sum; the name is from the folder of vectors */
const LINE = /\]\((?:\.\.\/){2}interop\/vectors\/([a-z/0-9-]+\.json)\): `([0-9a-f]{64})`/g

/** The project's own files, as paths: those of the schema, then those in the form of the originals */
export function ownFiles(): string[] {
  return ['', 'originals'].flatMap((folder) =>
    readdirSync(join(FOLDER, folder))
      .filter((name) => name.endsWith('.json'))
      .toSorted()
      .map((name) => join(FOLDER, folder, name))
  )
}

/** Whether it is one in the form of the originals */
export function isOriginal(path: string): boolean {
  return basename(dirname(path)) === 'originals'
}

/** What the specifications say that is not so, and the files that none of them names */
export function hashProblems(): string[] {
  const sums = new Map(ownFiles().map((path) => [relative(FOLDER, path), sumOf(path)]))
  const stated = specs().flatMap(({ name, content }) =>
    [...content.matchAll(LINE)].map(([, file, sum]) => ({ name, file: file!, sum }))
  )
  const wrong = stated.filter(({ file, sum }) => sums.get(file) !== sum)
  const unnamed = [...sums.keys()].filter((file) => !stated.some((each) => each.file === file))
  return [
    ...wrong.map(({ name, file }) => `docs/specs/${name} has another SHA-256 of interop/vectors/${file}`),
    ...unnamed.map((file) => `no specification has the SHA-256 of interop/vectors/${file}`)
  ]
}

/** Writes the sums of the files as they are now */
export function writeHashes(): void {
  for (const { path, content } of specs()) {
    const renewed = content.replaceAll(LINE, (line, file: string, sum: string) =>
      line.replace(sum, sumOf(join(FOLDER, file)))
    )

    if (renewed !== content) {
      writeFileSync(path, renewed)
    }
  }
}

function specs(): { name: string; path: string; content: string }[] {
  const names = readdirSync(SPECS).filter((name) => name.endsWith('.md'))
  return names.map((name) => ({ name, path: join(SPECS, name), content: readFileSync(join(SPECS, name), 'utf8') }))
}

function sumOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
