/**
 * Protobuf messages as data: `{ Message: { field: [number, type] } }`. Types are scalars, `map` (of strings), names of
 * messages and of enums of the same tables; `[]` behind a type means repeated. The tables are the wire schema
 * (`codec.ts` reads and writes by them) and the TypeScript types at once. Fields that are not listed are skipped when
 * read.
 */
export type MessageTables = Readonly<Record<string, Readonly<Record<string, readonly [number, string]>>>>;

/** Enum values by their number. */
export type EnumTables = Readonly<Record<string, readonly string[]>>;

/** Methods as `[request, response]`; messages that look alike on the wire share one definition. */
export type MethodTable = Readonly<Record<string, readonly [string, string]>>;

type Scalar = { string: string; bool: boolean; bytes: Buffer; map: Readonly<Record<string, string>> } & Record<
  'int32' | 'uint32' | 'int64' | 'uint64',
  number
>;

type ValueOf<M extends MessageTables, E extends EnumTables, T> = T extends keyof Scalar
  ? Scalar[T]
  : T extends keyof E
    ? E[T][number]
    : T extends `${infer Item}[]`
      ? readonly ValueOf<M, E, Item>[]
      : T extends keyof M
        ? Received<M, E, T> | null
        : never;

/** Items of a list are never null. */
type Element<T> = T extends readonly (infer Item)[] ? readonly NonNullable<Item>[] : T;

/** A message as received: absent messages are null, absent scalars their zero. */
export type Received<M extends MessageTables, E extends EnumTables, N extends keyof M> = {
  readonly [F in keyof M[N]]: M[N][F] extends readonly [number, infer T] ? Element<ValueOf<M, E, T>> : never;
};

type SentValue<M extends MessageTables, E extends EnumTables, T> = T extends keyof Scalar
  ? Scalar[T]
  : T extends keyof E
    ? E[T][number]
    : T extends `${infer Item}[]`
      ? readonly SentValue<M, E, Item>[]
      : T extends keyof M
        ? ToSend<M, E, T>
        : never;

/** A message to send: everything may be left out. */
export type ToSend<M extends MessageTables, E extends EnumTables, N extends keyof M> = {
  readonly [F in keyof M[N]]?: (M[N][F] extends readonly [number, infer T] ? SentValue<M, E, T> : never) | undefined;
};
