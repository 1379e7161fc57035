/** A picture that goes with a message, as the server knows it. */
export interface AttachedPicture {
  id: string;
  name: string;
}

/** How the server writes a picture into its message, for the model to read. */
const PICTURE = /\n\n<attachment name="([^"<>]*)" file="([0-9a-f-]{36})">[^<]*<\/attachment>/gu;

/** What the user wrote of a stored message, and the pictures that went with it. */
export function apart(content: string): { text: string; pictures: AttachedPicture[] } {
  const pictures = [...content.matchAll(PICTURE)].map(([, name = '', id = '']) => ({ id, name }));
  return { text: content.replace(PICTURE, ''), pictures };
}

/** As `attachments` of a request. The server takes no name that could end its own. */
export function asAttachments(pictures: AttachedPicture[]): { file: string; name: string }[] {
  return pictures.map(({ id, name }) => ({ file: id, name: name.replace(/["<>\p{Cc}]/gu, '_') || 'picture' }));
}
