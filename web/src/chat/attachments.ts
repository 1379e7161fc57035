/** A picture that is attached to a message, with the id that the server gave it. */
export interface AttachedPicture {
  id: string;
  name: string;
}

/** The form in which the server appends a picture to the text of its message. */
const PICTURE = /\n\n<attachment name="([^"<>]*)" file="([0-9a-f-]{36})">[^<]*<\/attachment>/gu;

/** Splits a stored message into the user's own text and its attached pictures. */
export function splitAttachments(content: string): { text: string; pictures: AttachedPicture[] } {
  const pictures = [...content.matchAll(PICTURE)].map(([, name = '', id = '']) => ({ id, name }));
  return { text: content.replace(PICTURE, ''), pictures };
}

/** Builds the `attachments` of a request. Replaces the characters that the server rejects in a name. */
export function toRequestAttachments(pictures: AttachedPicture[]): { file: string; name: string }[] {
  return pictures.map(({ id, name }) => ({ file: id, name: name.replace(/["<>\p{Cc}]/gu, '_') || 'picture' }));
}
