/** Redacts credentials in the URLs of a text, because build logs have many readers. */
export function redactUrls(text: string): string {
  return text
    .replace(/\/\/[^/"]*@/g, '//***@')
    .replace(/([?&][^=&#"]*(?:key|token|secret|password|signature|sig)[^=&#"]*=)[^&#"]*/gi, '$1***');
}
