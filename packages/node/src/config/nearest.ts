import { closestMatch } from 'leven'

/** `; did you mean "degree"?`, or nothing when nothing is near */
export function didYouMean(word: string, known: readonly string[]): string {
  const nearest = closestMatch(word, [...known], { maxDistance: Math.max(2, Math.floor(word.length / 2)) })
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}
