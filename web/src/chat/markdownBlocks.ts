/** Code, or a formula. */
const FENCE = /^\s*(`{3,}|~{3,}|\${2}(?!.*\$))/;
const LIST_ITEM = /^\s*(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
/** A definition that other blocks refer to. */
const DEFINITION = /^ {0,3}\[[^\]\n]+\]:/m;

/**
 * Splits Markdown at blank lines into parts that can be rendered apart, so that only the last part of an arriving text is parsed
 * again. Joined, the parts are the text. A list or a fenced block stays whole, and so does a text with definitions.
 */
export function markdownBlocks(text: string): string[] {
  if (DEFINITION.test(text)) return [text];
  const blocks: string[] = [];
  let block = '';
  let fence: string | undefined;
  let isAfterBlank = false;
  for (const line of text.split(/(?<=\n)/)) {
    if (fence === undefined && isAfterBlank && line.trim() && !continues(block, line)) {
      blocks.push(block);
      block = '';
    }
    block += line;
    isAfterBlank = !line.trim();
    const mark = FENCE.exec(line)?.[1];
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence) && line.trim() === mark) fence = undefined;
  }
  return block ? [...blocks, block] : blocks;
}

/** True if a line after a blank one belongs to the block before it. */
function continues(block: string, line: string): boolean {
  return /^\s/.test(line) || (LIST_ITEM.test(line) && LIST_ITEM.test(block.trimStart()));
}
