/** Redacts credentials in the URLs that a text contains, because many people can read build logs. */
export function redactUrls(text: string): string {
  return text
    .replace(/\/\/[^/"]*@/g, '//***@')
    .replace(/([?&][^=&#"]*(?:key|token|secret|password|signature|sig)[^=&#"]*=)[^&#"]*/gi, '$1***');
}
