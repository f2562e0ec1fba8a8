import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../../../..')

/** The README of a protocol's package */
export class Readme {
  readonly text: string
  /** Its pieces of code */
  readonly examples: string[]

  /** @param folder - of the package's tests */
  constructor(folder: string) {
    this.text = readFileSync(join(folder, '../README.md'), 'utf8')
    this.examples = [...this.text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!)
  }

  /** The rows of the first table after a heading, each as its cells */
  table(heading: string): string[][] {
    const [, section] = this.text.split(`\n## ${heading}`)
    const rows = section!.split('\n## ')[0]!.split('\n')
    return rows
      .filter((row) => row.startsWith('|'))
      .slice(2)
      .map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
      )
  }

  /** The table of options: each name and default without its code font, and the range */
  options(): (readonly [name: string, value: string, range: string])[] {
    const code = (cell: string): string => cell.replaceAll('`', '')
    return this.table('Options').map(([name, value, range]) => [code(name!), code(value!), range!])
  }
}

/** How a table shows a range: `1–1,000`, or nothing where there is none */
export function rangeShown(limits: readonly [number, number] | undefined): string {
  return limits?.map((limit) => limit.toLocaleString('en')).join('–') ?? ''
}

/** A folder of its own, where examples are compiled and run as in a stranger's app */
export class ExampleApp {
  private folder = ''

  /** @param modules - the node_modules that have all that the example imports, from the workspace's root */
  async create(modules: string): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'hearsay-readme-'))
    await writeFile(join(this.folder, 'package.json'), '{ "type": "module" }')
    await symlink(join(root, modules), join(this.folder, 'node_modules'))
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true })
  }

  /** @returns what the compiler says */
  async compile(code: string): Promise<string> {
    const options = {
      extends: join(root, 'tsconfig.base.json'),
      // no condition of ours: as a stranger's app sees the package, once it is built
      compilerOptions: { composite: false, noEmit: true, types: [], customConditions: [] },
      files: ['app.ts']
    }
    await writeFile(join(this.folder, 'app.ts'), code)
    await writeFile(join(this.folder, 'tsconfig.json'), JSON.stringify(options))
    const tsc = promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', this.folder])
    const { stdout } = await tsc.catch((err: { stdout: string }) => err)
    return stdout
  }

  /** @returns what the program says, and how it ends */
  async run(code: string, ...args: string[]): Promise<{ said: string; code: number }> {
    await writeFile(join(this.folder, 'run.ts'), `${code}\nawait node.stop()\n`)
    const flags = ['--conditions=@hearsay/source', '--no-warnings', 'run.ts', ...args]
    const app = spawn(process.execPath, flags, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    app.stdout.on('data', (chunk) => (said += String(chunk)))
    app.stderr.on('data', (chunk) => (said += String(chunk)))
    const [exitCode] = (await once(app, 'close')) as [number]
    return { said, code: exitCode }
  }
}
