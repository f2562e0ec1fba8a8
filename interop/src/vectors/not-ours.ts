/** Sections that tell about the original programs and documents; no package of ours can pass or fail them. */
export const notOurs: ReadonlySet<string> = new Set([
  'about',
  'types',
  'layouts',
  'limits',
  'api_limits',
  'facts',
  'resolutions',
  'g2_final_code',
  'pow.g2_final_code',
  'dialogs',
  'kademlia',
  'node_ids',
  'distance.literal'
])
