/** Removes everything from local storage whose name begins with a prefix. */
export function forgetStored(prefix: string): void {
  for (const name of Object.keys(localStorage).filter((key) => key.startsWith(prefix))) localStorage.removeItem(name);
}
