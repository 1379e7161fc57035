/** Has the browser save the file at an address. One on another origin that the browser shows instead gets a tab of its own. */
export function openDownload(href: string, name: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.rel = 'noopener noreferrer';
  if (link.origin !== location.origin) link.target = '_blank';
  link.click();
}

/** Has the browser save content as a file. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  openDownload(url, name);
  URL.revokeObjectURL(url);
}
