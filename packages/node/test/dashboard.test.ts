import { readFileSync } from 'node:fs'
import { afterEach, expect, it, vi } from 'vitest'
import { OFTEN } from './api-client.ts'
import { ask } from './http.ts'
import { Nodes, peers } from './nodes.ts'

const DASHBOARD = new URL('../deploy/grafana/hearsay.json', import.meta.url)

interface Dashboard {
  templating: { list: { query: string }[] }
  panels: { title: string; targets: { expr: string; legendFormat: string }[] }[]
}

const nodes = new Nodes()
afterEach(async () => nodes.stop())

type Series = { name: string; labels: Record<string, string> }

/** As Prometheus has it, with the labels that Prometheus adds */
function parse(scrape: string): Series[] {
  return [...scrape.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)].map(([, name, labels = '']) => ({
    name: name!,
    labels: {
      ...Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
      job: 'hearsay',
      instance: 'a'
    }
  }))
}

/** What of a query no series of the scrape answers to; empty when all is there */
function missing(expr: string, legend: string, scrape: Series[]): string[] {
  const selectors = [...expr.replaceAll('$job', 'hearsay').matchAll(/\b([a-z]\w*_\w+)(?:\{([^}]*)\})?/g)]
  const wanted = [
    ...`${legend} ${(/\bby \(([^)]*)\)/.exec(expr)?.[1] ?? '').replaceAll(/\w+/g, '{{$&}}')}`.matchAll(/\{\{(\w+)\}\}/g)
  ]

  if (selectors.length === 0) {
    return [`no metric in ${expr}`]
  }

  return selectors.flatMap(([, name, matchers = '']) => {
    const found = scrape.filter((series) => series.name === name && matches(series, matchers))
    const labels = wanted.map(([, label]) => label!).filter((label) => found.some(({ labels: has }) => !(label in has)))
    return found.length === 0 ? [`${name}{${matchers}}`] : labels.map((label) => `label ${label} of ${name}`)
  })
}

function matches({ labels }: Series, matchers: string): boolean {
  return [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].every(([, label, operator, value]) => {
    const has = labels[label!] ?? ''
    const equal = operator!.includes('~') ? new RegExp(`^(?:${value})$`).test(has) : has === value
    return operator!.startsWith('!') ? !equal : equal
  })
}

it('every query of the dashboard is answered by a node', async () => {
  const all = { cup2py: true, shout: true, 'difficulty-bits': 18 }
  const a = await nodes.create({ ...all, 'metrics-api': '127.0.0.1:0' })
  const b = await nodes.create({ ...all, peer: [a.address] })
  // one that is refused
  await nodes.create({ peer: [a.address], 'difficulty-bits': 0 })
  await Promise.all([peers(a, 1), peers(b, 1)])
  await vi.waitFor(() => expect(b.libp2p.services.shout.peers).toHaveLength(1), OFTEN)
  await Promise.all([a, b].map(async ({ libp2p }) => libp2p.services.shout.shout('hello')))
  const api = `http://${a.metricsApi!.host}:${a.metricsApi!.port}`
  const { panels, templating } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard
  const targets = panels.flatMap((panel) =>
    panel.targets.map(({ expr, legendFormat }) => [expr, legendFormat] as const)
  )
  const variable = templating.list.find(({ query }) => query.startsWith('label_values'))!.query
  const [, metric] = /^label_values\((\w+), job\)$/.exec(variable)!
  expect(targets.length).toBeGreaterThan(15)

  await vi.waitFor(
    async () => {
      const scrape = parse((await ask(api, '/metrics')).body as string)
      expect([...targets, [metric!, ''] as const].flatMap(([expr, legend]) => missing(expr, legend, scrape))).toEqual(
        []
      )
    },
    { timeout: 20_000, interval: 200 }
  )
}, 40_000)

it('a query that no node answers is noticed', () => {
  const scrape = parse('up 1\nhearsay_protocol_peers{protocol="gossip"} 1\n')
  expect(missing('rate(hearsay_gone_total{job="$job"}[5m])', '{{instance}}', scrape)).toEqual([
    'hearsay_gone_total{job="hearsay"}'
  ])
  expect(missing('hearsay_protocol_peers{protocol="shout"}', '', scrape)).toEqual([
    'hearsay_protocol_peers{protocol="shout"}'
  ])
  expect(missing('hearsay_protocol_peers', '{{reason}}', scrape)).toEqual(['label reason of hearsay_protocol_peers'])
  expect(missing('sum by (version) (hearsay_protocol_peers{job="$job"})', '', scrape)).toEqual([
    'label version of hearsay_protocol_peers'
  ])
  expect(missing('up{job!="hearsay"}', '', scrape)).toEqual(['no metric in up{job!="hearsay"}'])
})
