import { readFile } from 'node:fs/promises'
import { MAX_PASSPHRASE } from '../passphrases.ts'
import { UsageError } from './command.ts'
import type { Readable } from 'node:stream'

const CTRL_C = '\u0003'
const ENTER = new Set(['\r', '\n', '\u0004'])
const BACKSPACE = new Set(['\u007f', '\b'])

/**
 * From a file, or from the person at the terminal, who does not see it.
 *
 * @param twice - so that a new one has no slip in it
 */
export async function passphraseFrom(file: string | undefined, twice: boolean): Promise<string> {
  const given = file === undefined ? await asked(twice) : await firstLine(file)

  if (given === '' || given.length > MAX_PASSPHRASE) {
    const what = given === '' ? 'empty' : `longer than ${MAX_PASSPHRASE} characters`
    throw new UsageError(`the passphrase is ${what}`)
  }

  return given
}

async function firstLine(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/, 1)[0]!
  } catch (err) {
    throw new UsageError(`cannot read the passphrase file ${file}: ${(err as Error).message}`, { cause: err })
  }
}

async function asked(twice: boolean): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError('there is no terminal to ask for a passphrase: give --passphrase-file')
  }

  const first = await hidden('Passphrase: ')

  if (twice && (await hidden('The same again: ')) !== first) {
    throw new UsageError('the two are not the same')
  }

  return first
}

async function hidden(question: string): Promise<string> {
  process.stderr.write(question)
  const { stdin } = process
  stdin.setEncoding('utf8').setRawMode(true).resume()

  try {
    return await lineOf(stdin)
  } finally {
    stdin.setRawMode(false).pause()
    process.stderr.write('\n')
  }
}

/** What is typed until the return key, without what was deleted again */
export async function lineOf(stdin: Readable): Promise<string> {
  let line = ''

  return new Promise((resolve, reject) => {
    stdin.on('data', function onData(chunk) {
      for (const key of String(chunk)) {
        if (key === CTRL_C || ENTER.has(key)) {
          stdin.off('data', onData)
          return key === CTRL_C ? reject(new UsageError('no passphrase was given')) : resolve(line)
        }

        line = BACKSPACE.has(key) ? line.slice(0, -1) : line + key
      }
    })
  })
}
