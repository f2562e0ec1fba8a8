/** A record that breaks a rule, or finds no room. It is not stored, and what a reader was sent of it is not used. */
export class RefusedRecordError extends Error {
  static override readonly name = 'RefusedRecordError'
  override readonly name = 'RefusedRecordError'
}

/** More puts and gets are under way than the node takes at once. Try again when some have ended. */
export class BusyError extends Error {
  static override readonly name = 'BusyError'
  override readonly name = 'BusyError'
}
