/** A record that is refused: unsigned, altered, dated in the future, or older than one held before. */
export class InvalidRecordError extends Error {
  static override readonly name = 'InvalidRecordError'
  override readonly name = 'InvalidRecordError'
}

/** Nobody we could reach holds a record of this user. */
export class UserNotFoundError extends Error {
  static override readonly name = 'UserNotFoundError'
  override readonly name = 'UserNotFoundError'
  /** User hash */
  readonly hash: string

  constructor(hash: string, options?: ErrorOptions) {
    super(
      `no record of user ${hash} that can be reached: add one by hand, or search again with more users around`,
      options
    )
    this.hash = hash
  }
}

/** A key file that cannot be used. The message says what to do, and quotes nothing of it. */
export class KeyFileError extends Error {
  static override readonly name: string = 'KeyFileError'
  override readonly name: string = 'KeyFileError'
}

/** The password does not open this key file. */
export class WrongPasswordError extends KeyFileError {
  static override readonly name = 'WrongPasswordError'
  override readonly name = 'WrongPasswordError'
}

/** An address book that cannot be opened or written. */
export class AddressBookError extends Error {
  static override readonly name = 'AddressBookError'
  override readonly name = 'AddressBookError'
}
