declare module 'neo-blessed' {
  export * from 'blessed';
}
