/** What waits to be sent, or was refused, by conversation: rows of the list show it. */

import type { Account, ClientMsgId, ConversationId, Readable, Unsent } from "@stonechat/sdk";

export interface UnsentHere {
  /** The newest that was refused, or given up. */
  readonly failed: Unsent | null;
  /** The newest that is on its way. */
  readonly waiting: Unsent | null;
}

type Table = ReadonlyMap<ConversationId, UnsentHere>;

class UnsentView implements Readable<Table> {
  private table: Table = new Map();
  private readonly listeners = new Set<(table: Table) => void>();
  private readonly followed = new Map<ClientMsgId, () => void>();
  private stop: (() => void) | null = null;
  private looking = false;
  private again = false;

  constructor(private readonly account: Account) {}

  get = (): Table => this.table;

  subscribe = (listener: (table: Table) => void): (() => void) => {
    this.listeners.add(listener);
    // What failed while nobody looked shows when the connection moves, at the latest.
    this.stop ??= this.account.connection.subscribe(() => void this.look());
    listener(this.table);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      this.stop?.();
      this.stop = null;
      for (const end of this.followed.values()) end();
      this.followed.clear();
    };
  };

  /** Reads the outbox, once for however many ask meanwhile. */
  async look(): Promise<void> {
    if (this.looking) {
      this.again = true;
      return;
    }
    this.looking = true;
    try {
      do {
        this.again = false;
        this.take(await this.account.outbox());
      } while (this.again);
    } catch {
      // The account was closed: what it showed last stays.
    } finally {
      this.looking = false;
    }
  }

  private take(outbox: readonly Unsent[]): void {
    const table = new Map<ConversationId, UnsentHere>();
    const ids = new Set<ClientMsgId>();
    for (const unsent of outbox) {
      if (unsent.state.kind === "sent" || unsent.state.kind === "cancelled") continue;
      const here = table.get(unsent.conversation) ?? { failed: null, waiting: null };
      table.set(unsent.conversation, unsent.state.kind === "failed" ? { ...here, failed: unsent } : { ...here, waiting: unsent });
      ids.add(unsent.clientMsgId);
    }
    this.follow(ids);
    if (same(this.table, table)) return;
    this.table = table;
    for (const listener of [...this.listeners]) listener(table);
  }

  /** Looks again when one of them moves. */
  private follow(ids: ReadonlySet<ClientMsgId>): void {
    for (const [id, end] of this.followed) {
      if (ids.has(id)) continue;
      end();
      this.followed.delete(id);
    }
    if (this.listeners.size === 0) return;
    for (const id of ids) {
      if (this.followed.has(id)) continue;
      let first = true;
      const end = this.account.sending(id)?.state.subscribe(() => {
        if (!first) void this.look();
      });
      first = false;
      if (end) this.followed.set(id, end);
    }
  }
}

function same(a: Table, b: Table): boolean {
  const key = ({ failed, waiting }: UnsentHere): string => `${failed?.clientMsgId ?? ""} ${waiting?.clientMsgId ?? ""}`;
  return a.size === b.size && [...a].every(([id, here]) => b.has(id) && key(b.get(id)!) === key(here));
}

const views = new WeakMap<Account, UnsentView>();

function view(account: Account): UnsentView {
  let found = views.get(account);
  if (!found) views.set(account, (found = new UnsentView(account)));
  return found;
}

export function unsentOf(account: Account): Readable<Table> {
  return view(account);
}

/** Call it after a message was sent, retried or deleted here. */
export function lookAtOutbox(account: Account): void {
  void view(account).look();
}
