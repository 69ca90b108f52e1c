/** Redacts credentials in the URLs of a text, because many people can read build logs. */
export function redactUrls(text: string): string {
  return text
    .replace(/\/\/[^/"]*@/g, '//***@')
    .replace(/([?&][^=&#"]*(?:key|token|secret|password|signature|sig)[^=&#"]*=)[^&#"]*/gi, '$1***');
}
