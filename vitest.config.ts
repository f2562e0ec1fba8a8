import { existsSync } from 'node:fs'
import { playwright } from '@vitest/browser-playwright'
import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'
import type { TestProjectConfiguration } from 'vitest/config'

const source = '@hearsay/source'
const folders = '{packages/*,interop,simulation,benchmark}/test'
const chromium = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
].find((path) => path !== undefined && existsSync(path))

const node: TestProjectConfiguration = {
  resolve: { conditions: [source, ...defaultServerConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    name: 'node',
    include: [`${folders}/**/*.test.ts`],
    exclude: ['**/*.browser.test.ts'],
    typecheck: { enabled: true, include: [`${folders}/**/*.test-d.ts`], tsconfig: 'tsconfig.tests.json' }
  }
}

const browser: TestProjectConfiguration = {
  resolve: { conditions: [source, ...defaultClientConditions] },
  // found before the first test, rather than by it: vite would reload the page under it
  optimizeDeps: { entries: [`${folders}/**/*.browser.test.ts`] },
  test: {
    name: 'browser',
    include: [`${folders}/**/*.browser.test.ts`],
    globalSetup: ['protocol-cup2py', 'protocol-gossip', 'protocol-shout', 'node'].map(
      (name) => `packages/${name}/test/browser-peer.ts`
    ),
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(chromium === undefined ? {} : { executablePath: chromium }),
          args: [
            ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync'
          ]
        }
      }),
      instances: [{ browser: 'chromium' }]
    }
  }
}

const withBrowser = chromium !== undefined || process.env['HEARSAY_REQUIRE_BROWSER'] === '1'

if (!withBrowser) {
  console.warn('no Chromium found (CHROMIUM_PATH says where it is): the browser tests are left out')
}

export default defineConfig({
  test: {
    // most tests wait for a clock or for each other more than for a processor
    maxWorkers: 2,
    reporters: ['default', './scripts/closing-line.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], reporter: ['text-summary'] },
    projects: withBrowser ? [node, browser] : [node]
  }
})
