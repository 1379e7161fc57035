import { fromStored, type ChatMessage, type StoredMessage } from './conversation.ts';

/** A message, and the id of the one that it follows: null at the beginning, and maybe one that is not known. */
interface Node {
  message: ChatMessage;
  parent: string | null;
}

/**
 * A session's messages with all their branches, as far as they are known. It never changes: `with` makes another one. A message
 * of the user's has two names, its id and what the page that sent it called it; both mean the same message.
 */
export class Tree {
  /** By id, in the order of time. */
  readonly #nodes: ReadonlyMap<string, Node>;
  /** The ids of those that have another name too. */
  readonly #named: ReadonlyMap<string, string>;
  readonly #children = new Map<string | null, string[]>();

  private constructor(nodes: ReadonlyMap<string, Node>, named: ReadonlyMap<string, string>) {
    this.#nodes = nodes;
    this.#named = named;
    for (const [id, { parent }] of nodes) {
      const siblings = this.#children.get(parent);
      if (siblings) siblings.push(id);
      else this.#children.set(parent, [id]);
    }
  }

  /** Rows, oldest first. */
  static of(rows: StoredMessage[]): Tree {
    const nodes = new Map<string, Node>();
    const named = new Map<string, string>();
    /** What follows a message that is not shown follows the one before it. */
    const passedOver = new Map<string, string | null>();
    for (const row of rows) {
      let parent = row.parent_id;
      for (let before; parent !== null && (before = passedOver.get(parent)) !== undefined;) parent = before;
      const message = fromStored(row);
      if (!message) passedOver.set(row.id, parent);
      else nodes.set(row.id, { message, parent });
      if (row.metadata.client_message_id) named.set(row.metadata.client_message_id, row.id);
    }
    return new Tree(nodes, named);
  }

  /** With a branch as it is by now: what is new in it follows what stands before it. */
  with(path: ChatMessage[]): Tree {
    const nodes = new Map(this.#nodes);
    let before: string | null = null;
    for (const message of path) {
      const id = this.idOf(message.id);
      const parent = nodes.get(id)?.parent ?? before ?? message.metadata?.parent_id ?? null;
      nodes.set(id, { message, parent });
      before = id;
    }
    return new Tree(nodes, this.#named);
  }

  has(name: string): boolean {
    return this.#nodes.has(this.idOf(name));
  }

  get(name: string): ChatMessage | undefined {
    return this.#nodes.get(this.idOf(name))?.message;
  }

  idOf(name: string): string {
    return this.#named.get(name) ?? name;
  }

  parentOf(name: string): string | null {
    return this.#nodes.get(this.idOf(name))?.parent ?? null;
  }

  /** From the beginning, or from behind a message that is not known, to that one. */
  pathTo(name: string): ChatMessage[] {
    const path: ChatMessage[] = [];
    for (let node = this.#nodes.get(this.idOf(name)); node; node = node.parent === null ? undefined : this.#nodes.get(node.parent)) {
      path.unshift(node.message);
    }
    return path;
  }

  /** The ids of all that follow the same message as that one, which is among them, oldest first. */
  siblings(name: string): string[] {
    const id = this.idOf(name);
    const node = this.#nodes.get(id);
    return (node && this.#children.get(node.parent)) ?? [id];
  }

  /** The newest message of those that follow that one, be it itself; without one, the newest of all. */
  newest(under?: string): string | undefined {
    if (under === undefined) return [...this.#nodes.keys()].at(-1);
    let newest = this.idOf(under);
    const reached = new Set<string | null>([newest]);
    for (const [id, { parent }] of this.#nodes) {
      if (!reached.has(parent)) continue;
      reached.add(id);
      newest = id;
    }
    return newest;
  }
}
