/** In characters, for the key of a user as for an exported one */
export const MAX_PASSPHRASE = 1_024
