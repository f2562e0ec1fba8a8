/**
 * A node in a process of its own: for memory, CPU time and starts, which must be its alone. It runs what is built, as
 * who installs a package does.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'

const SCRIPT = fileURLToPath(new URL('child-process.ts', import.meta.url))
/** In ms */
const PATIENCE = 120_000

export class Child {
  private readonly process: ChildProcess
  private readonly exited: Promise<void>

  /** @param args - see child-process.ts */
  constructor(...args: readonly string[]) {
    // not what this process was started with: that would run the sources
    this.process = fork(SCRIPT, args, { execArgv: ['--expose-gc'] })
    this.exited = new Promise((resolve) => this.process.once('exit', () => resolve()))
  }

  send(message: string): void {
    this.process.send(message)
  }

  /** Its next message with this property. @throws {Error} when it ends without, or takes too long */
  async next<T>(property: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.process.off('message', onMessage).off('exit', onExit)
      }
      const onMessage = (message: object): void => {
        if (property in message) {
          done()
          resolve((message as Record<string, T>)[property]!)
        }
      }
      const onExit = (): void => {
        done()
        reject(new Error(`the process of a benchmark ended before it told "${property}"`))
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`the process of a benchmark did not tell "${property}" within ${PATIENCE / 1_000} s`))
      }, PATIENCE)
      this.process.on('message', onMessage).once('exit', onExit)
    })
  }

  /** What it told last with this property, and before that `first` */
  last<T>(property: string, first: T): () => T {
    let value = first
    this.process.on('message', (message: object) => {
      value = property in message ? (message as Record<string, T>)[property]! : value
    })
    return () => value
  }

  async stop(): Promise<void> {
    this.process.kill()
    return this.exited
  }
}
