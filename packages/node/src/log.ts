/** Lines for whoever runs the node, on stderr: stdout belongs to the command's result. */
export interface Log {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

export type LogFormat = 'text' | 'json'

/** `<time> <level> <message>` in each line, or JSON with these three. Secrets do not get into it. */
export function createLog(format: LogFormat): Log {
  const write = (level: string) => (message: string) => {
    const [time, told] = [new Date().toISOString(), redact(message)]
    const line =
      format === 'json' ? JSON.stringify({ time, level, message: told }) : `${time} ${level} ${inOneEntry(told)}`
    process.stderr.write(`${line}\n`)
  }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

/** Whoever is quoted in it can begin no line of the log, and move no cursor: further lines are indented */
export function inOneEntry(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\r?\n/g, '\n    ').replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/g, '�')
}

/** Keys in PEM form, tokens as they are sent, and members of JSON whose name says that they are secret */
const SECRETS: readonly [RegExp, string][] = [
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, '[private key]'],
  [/\b(Bearer|Basic) +[\w.~+/=-]+/gi, '$1 [redacted]'],
  [/("?(?:token|passphrase|password|secret|privateKey)"?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s,;}]+)/gi, '$1[redacted]']
]

/** The text without what opens something */
export function redact(text: string): string {
  return SECRETS.reduce((rest, [pattern, instead]) => rest.replaceAll(pattern, instead), text)
}
