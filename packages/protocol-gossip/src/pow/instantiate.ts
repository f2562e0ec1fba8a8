/** @throws where WebAssembly is missing, lacks what the module needs, or is forbidden by a page's CSP */
export function instantiate(base64: string): WebAssembly.Exports {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
}
