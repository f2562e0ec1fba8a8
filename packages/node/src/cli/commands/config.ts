import { explainConfig } from '../../config/load.ts'
import { optionKeys, options } from '../../config/options.ts'
import { table } from '../command.ts'
import type { AnyOption, OptionKey } from '../../config/options.ts'
import type { CommandSpec } from '../command.ts'

export const configShow: CommandSpec = {
  name: 'config show',
  summary: 'what start would run with',
  nodeOptions: optionKeys,
  options: [['--origin', 'and where each value comes from']],
  examples: [
    ['--config node.toml --origin', 'which flag, variable or key each value is from'],
    ['--json', 'the same for a program']
  ],
  failure: 'never',
  asksNode: false,
  run: async ({ sources, options: { origin }, print }) => {
    const { config, origins } = explainConfig(sources)
    const entries = optionKeys.map((key) => ({ key, value: formatted(key, config[key]), origin: origins[key] }))
    const headings = origin === true ? ['option', 'value', 'origin'] : ['option', 'value']
    const rows = entries.map((entry) => [entry.key, entry.value ?? '(not set)', entry.origin].slice(0, headings.length))
    const values = entries.map((entry) => [
      entry.key,
      origin === true ? { value: config[entry.key] ?? null, origin: entry.origin } : (config[entry.key] ?? null)
    ])
    print(Object.fromEntries(values), table(headings, rows))
  }
}

export const configValidate: CommandSpec = {
  name: 'config validate',
  summary: 'whether start would accept its options, variables and file',
  nodeOptions: optionKeys,
  examples: [['--config node.toml', 'says "valid", or what is wrong with exit code 2']],
  failure: 'never',
  asksNode: false,
  run: async ({ config, print }) => {
    config()
    print({ valid: true }, 'valid')
  }
}

/** As a person would write it */
function formatted(key: OptionKey, value: unknown): string | undefined {
  const { kind }: AnyOption = options[key]
  return value === undefined ? undefined : kind.format(value)
}
