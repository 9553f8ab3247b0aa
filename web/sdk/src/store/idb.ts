/**
 * IndexedDB by promises: of the library `idb`, whose types this has, the part that the store needs. What is asked of a
 * database, a transaction, a table, an index or a cursor is passed on to it, and a request becomes a promise.
 */

import type { DBSchema, IDBPDatabase, OpenDBCallbacks } from "idb";

type Callbacks<S extends DBSchema> = Pick<Required<OpenDBCallbacks<S>>, "terminated"> & {
  readonly upgrade: (db: IDBPDatabase<S>, before: number) => void;
  readonly blocking: () => void;
};

/** Opens a database, and makes it, or brings it up to a version. */
export async function openDB<S extends DBSchema>(name: string, version: number, on: Callbacks<S>): Promise<IDBPDatabase<S>> {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = ({ oldVersion }) => on.upgrade(request.result as unknown as IDBPDatabase<S>, oldVersion);
  const db = await promise(request);
  db.onversionchange = on.blocking;
  db.onclose = on.terminated;
  return wrapped(db) as IDBPDatabase<S>;
}

/** Removes a database; at the latest when a page that is suspended and has it open wakes, which is not waited for. */
export async function deleteDB(name: string): Promise<void> {
  const request = indexedDB.deleteDatabase(name);
  await Promise.race([promise(request), new Promise((resolve) => (request.onblocked = resolve))]);
}

function promise<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function wrapped(target: object): object {
  const done = target instanceof IDBTransaction ? ended(target) : undefined;
  return new Proxy(target, {
    get(_, name) {
      if (name === "done") {
        return done;
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value !== "function"
        ? value
        : (...given: unknown[]) => {
            const answer: unknown = value.apply(target, given);
            // Where a cursor goes, the request says that gave it.
            const request = target instanceof IDBCursor ? target.request : answer;
            return request instanceof IDBRequest ? promise(request).then(shown) : shown(answer);
          };
    },
  });
}

function shown(value: unknown): unknown {
  const isOurs = [IDBTransaction, IDBObjectStore, IDBIndex, IDBCursor].some((kind) => value instanceof kind);
  return isOurs ? wrapped(value as object) : value;
}

function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new DOMException("", "AbortError"));
  });
}
