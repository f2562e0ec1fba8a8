import type { Reporter, TestModule } from 'vitest/node'

/** A vitest reporter whose only output is the last line of the run: `N passed, N failed`, and what was skipped. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 }

    for (const module of modules) {
      // a file that does not load, or a hook that fails, fails no test of its own
      if (module.state() === 'failed' && module.children.allTests('failed').next().done === true) {
        count.failed++
      }

      for (const test of module.children.allTests()) {
        count[test.result().state]++
      }
    }

    const skipped = count.skipped + count.pending
    // on exit: after the coverage table, which vitest prints last
    process.once('exit', () => {
      console.log(`${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
    })
  }
}
