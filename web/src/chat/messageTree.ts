import type { StoredMessage } from '../api/rows.ts';
import { toChatMessage, type ChatMessage } from './messages.ts';

interface Node {
  message: ChatMessage;
  /** Id of the preceding message: null for a first one. It may name a message that is not loaded. */
  parent: string | null;
}

/**
 * The loaded messages of a session with all their branches. Immutable: `withPath` returns a new tree. A user message has two
 * names: the server's id, and the client id of the page that sent it. All methods accept both.
 */
export class MessageTree {
  /** By server id, in the order of time. */
  readonly #nodes: ReadonlyMap<string, Node>;
  /** Server ids by client id. */
  readonly #aliases: ReadonlyMap<string, string>;
  readonly #children = new Map<string | null, string[]>();

  private constructor(nodes: ReadonlyMap<string, Node>, aliases: ReadonlyMap<string, string>) {
    this.#nodes = nodes;
    this.#aliases = aliases;
    for (const [id, { parent }] of nodes) {
      const siblings = this.#children.get(parent);
      if (siblings) siblings.push(id);
      else this.#children.set(parent, [id]);
    }
  }

  /** Builds a tree of rows that are sorted oldest first. */
  static fromRows(rows: StoredMessage[]): MessageTree {
    const nodes = new Map<string, Node>();
    const aliases = new Map<string, string>();
    /** Parents of the rows that are not shown: their children move up to them. */
    const skippedParents = new Map<string, string | null>();
    for (const row of rows) {
      let parent = row.parent_id;
      for (let grandparent; parent !== null && (grandparent = skippedParents.get(parent)) !== undefined;) parent = grandparent;
      const message = toChatMessage(row);
      if (!message) skippedParents.set(row.id, parent);
      else nodes.set(row.id, { message, parent });
      if (row.metadata.client_message_id) aliases.set(row.metadata.client_message_id, row.id);
    }
    return new MessageTree(nodes, aliases);
  }

  /** Returns a tree with a branch in its current state; each new message follows the one before it. */
  withPath(path: ChatMessage[]): MessageTree {
    const nodes = new Map(this.#nodes);
    let previous: string | null = null;
    for (const message of path) {
      const id = this.idOf(message.id);
      const parent = nodes.get(id)?.parent ?? previous ?? message.metadata?.parent_id ?? null;
      nodes.set(id, { message, parent });
      previous = id;
    }
    return new MessageTree(nodes, this.#aliases);
  }

  /** Returns a tree with older rows in addition, sorted oldest first. */
  withOlder(rows: StoredMessage[]): MessageTree {
    const older = MessageTree.fromRows(rows);
    return new MessageTree(new Map([...older.#nodes, ...this.#nodes]), new Map([...older.#aliases, ...this.#aliases]));
  }

  has(name: string): boolean {
    return this.#nodes.has(this.idOf(name));
  }

  get(name: string): ChatMessage | undefined {
    return this.#nodes.get(this.idOf(name))?.message;
  }

  idOf(name: string): string {
    return this.#aliases.get(name) ?? name;
  }

  parentOf(name: string): string | null {
    return this.#nodes.get(this.idOf(name))?.parent ?? null;
  }

  /** Messages from the first loaded ancestor to the named message. */
  pathTo(name: string): ChatMessage[] {
    const path: ChatMessage[] = [];
    for (let node = this.#nodes.get(this.idOf(name)); node; node = node.parent === null ? undefined : this.#nodes.get(node.parent)) {
      path.unshift(node.message);
    }
    return path;
  }

  /** Ids of all messages with the same parent, itself included, oldest first. */
  siblings(name: string): string[] {
    const id = this.idOf(name);
    const node = this.#nodes.get(id);
    return (node && this.#children.get(node.parent)) ?? [id];
  }

  /** Newest descendant of a message, or the message itself; without a name, the newest message of all. */
  newest(ancestor?: string): string | undefined {
    if (ancestor === undefined) return [...this.#nodes.keys()].at(-1);
    let newest = this.idOf(ancestor);
    const descendants = new Set<string | null>([newest]);
    for (const [id, { parent }] of this.#nodes) {
      if (!descendants.has(parent)) continue;
      descendants.add(id);
      newest = id;
    }
    return newest;
  }
}
