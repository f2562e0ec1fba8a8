/** One thing looked at. What is not well comes with what to do about it. */
export type Finding =
  | { name: string; level: 'ok'; message: string }
  | { name: string; level: 'warn' | 'fail'; message: string; fix: string }

export function ok(name: string, message: string): Finding {
  return { name, level: 'ok', message }
}

/** It works, but not as well as it could */
export function warn(name: string, message: string, fix: string): Finding {
  return { name, level: 'warn', message, fix }
}

/** It does not work */
export function fail(name: string, message: string, fix: string): Finding {
  return { name, level: 'fail', message, fix }
}
