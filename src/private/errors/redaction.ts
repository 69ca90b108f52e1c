/** A text that may hold addresses, without their passwords and keys: what a build logs is read by many. */
export function redactUrls(text: string): string {
  return text
    .replace(/\/\/[^/"]*@/g, '//***@')
    .replace(/([?&][^=&#"]*(?:key|token|secret|password|signature|sig)[^=&#"]*=)[^&#"]*/gi, '$1***');
}
