import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const root = join(import.meta.dirname, '../../../..')
const TEST_FILE = /^[\w.-]+(?:\.test|-suite)\.ts$/

/** One of `docs/specs/`, and the tests that it names */
export class Specification {
  readonly text: string
  /** From the workspace's root */
  readonly files: string[]

  /** @param files - a pattern, of those that have the tests */
  constructor(name: string, files: string) {
    this.text = readFileSync(join(root, 'docs/specs', name), 'utf8')
    this.files = globSync(files, { cwd: root })
  }

  /** The rows of its tables */
  rows(): string[] {
    return this.text.split('\n').filter((line) => line.startsWith('| '))
  }

  /** Names of test files in a folder, without those that have a name like `except` */
  testFiles(folder: string, except: RegExp): string[] {
    return this.files
      .filter((path) => path.startsWith(`${folder}/`) && path.endsWith('.test.ts'))
      .map((path) => basename(path))
      .filter((file) => !except.test(file))
  }

  /** The tests of a file, and groups of them, that a name in the text, where `…` stands for any text, is for */
  testsNamed(file: string, name: string): string[] {
    return this.namesIn(file).filter((each) => isNameOf(each, name))
  }

  /** Names of tests and of groups of them: whatever stands in quotes */
  private namesIn(file: string): string[] {
    return this.files
      .filter((path) => basename(path) === file)
      .map((path) => readFileSync(join(root, path), 'utf8'))
      .flatMap((text) => [...text.matchAll(/'((?:[^'\\\n]|\\.)*)'/g)].map(([, name]) => name!))
  }
}

/** Each name of a test in these places, with the file that stands before it */
export function* mentionedIn(places: Iterable<string>): Generator<[file: string, name: string]> {
  for (const place of places) {
    let file = ''

    for (const [, code, name] of place.matchAll(/`([^`]+)`|_([^_`|]+)_/g)) {
      file = code !== undefined && TEST_FILE.test(code) ? code : file

      if (name !== undefined && file !== '') {
        yield [file, name]
      }
    }
  }
}

function isNameOf(test: string, mentionedAs: string): boolean {
  const [start = '', ...others] = mentionedAs.split('…')
  const end = others.at(-1) ?? ''
  const fits = test.startsWith(start) && test.endsWith(end)
  return others.length === 0 ? test === start : fits && test.length >= start.length + end.length
}
